"""What people ask about their data: the list with its clocks, one request, and what an officer does with it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from gateway.console.places import place_text, read_place
from gateway.console.refusal import Refusal
from gateway.console.views.requests import request_row, request_view
from gateway.console.visit import Answered, Moved, Shown, Visit
from gateway.domain.consent import ConsentState
from gateway.domain.policies import Language
from gateway.domain.requests import (
    TEXT_AT_MOST,
    BadRequest,
    NotNow,
    RefusalGround,
    Request,
    RequestId,
    SomebodyElses,
)
from gateway.domain.staff import StaffId
from gateway.usecases import audit, request_hands
from gateway.usecases import request_answers as usecase
from gateway.usecases.purposes import purpose_in
from gateway.usecases.request_answers import InHand
from gateway.usecases.request_hands import NoSuchColleague
from gateway.usecases.requests import NoSuchRequest
from gateway.usecases.staff import SeenStaff
from gateway.usecases.transaction import Transaction

Outcome = Request | BadRequest | NoSuchRequest | NoSuchColleague | NotNow | SomebodyElses

FORM_AT_MOST: Final = 40 * 1024
"""2,000 characters that take four bytes each, three signs a byte in a form, and as much again to spare."""
DONE: Final = {
    "taken": "request_taken",
    "answered": "request_answered",
    "refused": "request_refused",
    "handed": "request_handed",
}
"""What was just done, as addresses name it, and the sentence that says so."""


async def show_requests(visit: Visit) -> Answered:
    """What waits, the most urgent first; or what is over, newest first."""
    who, now, at_most = visit.staff, visit.now, visit.deps.limits.rows_of_page
    over = visit.request.query.get("list") == "over"
    asked = read_place(visit)
    place = None if asked is None else (asked[0], RequestId(asked[1]))
    listing = usecase.ended if over else usecase.waiting
    found, following = await audit.recorded(visit.deps.database, lambda tx: listing(tx, who, place, at_most, now))
    values = {
        "rows": [request_row(one, who, visit.language, now) for one in found],
        "over": over,
        "following": place_text(following),
    }
    return Shown("requests.html", values)


async def show_request(visit: Visit) -> Answered:
    """One request with its words, and the forms for what comes next."""
    return await _show(visit, said=DONE.get(visit.request.query.get("done", "")))


async def take(visit: Visit) -> Answered:
    """Take it in hand."""
    who, request_id = visit.staff, _id(visit)
    return await _done(visit, "taken", lambda tx: usecase.take(tx, who, request_id, visit.now))


async def answer(visit: Visit) -> Answered:
    """Answer it."""
    who, request_id, text = visit.staff, _id(visit), _words(visit)

    def work(tx: Transaction) -> Outcome:
        return usecase.answer(tx, who, request_id, text, persons=visit.deps.persons, now=visit.now)

    return await _done(visit, "answered", work)


async def refuse(visit: Visit) -> Answered:
    """Refuse it on one of the six grounds."""
    who, request_id, text = visit.staff, _id(visit), _words(visit)
    chosen = visit.form.text("ground", at_most=64, required=False)
    if chosen not in set(RefusalGround):
        return await _show(visit, wrong="refusal_needs_ground", status=HTTPStatus.BAD_REQUEST)
    ground = RefusalGround(chosen)

    def work(tx: Transaction) -> Outcome:
        return usecase.refuse(tx, who, request_id, ground, text, persons=visit.deps.persons, now=visit.now)

    return await _done(visit, "refused", work)


async def hand_on(visit: Visit) -> Answered:
    """Put it into a colleague's hands."""
    who, request_id = visit.staff, _id(visit)
    to = StaffId(visit.form.text("colleague", at_most=64))
    return await _done(visit, "handed", lambda tx: request_hands.hand_on(tx, who, request_id, to, visit.now))


async def show_consents(visit: Visit) -> Answered:
    """Where the purposes stand for the person whose request one has in hand."""
    who, request_id = visit.staff, _id(visit)
    found = await audit.recorded(
        visit.deps.database, lambda tx: request_hands.consents_of(tx, who, request_id, visit.now)
    )
    match found:
        case NoSuchRequest():
            raise Refusal(HTTPStatus.NOT_FOUND, "request_gone")
        case NotNow() | SomebodyElses():
            raise Refusal(HTTPStatus.CONFLICT, "consents_not_needed")
        case list():
            language = Language(visit.language.value)
            rows = [(one, purpose_in(one.purpose, language).text.title) for one in found]
            looks = {ConsentState.GRANTED: "good", ConsentState.REFUSED: "bad", ConsentState.WITHDRAWN: "bad"}
            return Shown("request_consents.html", {"rows": rows, "looks": looks, "request_id": request_id})


async def _show(
    visit: Visit, *, said: str | None = None, wrong: str | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Shown:
    """The page of a request. What was typed and could not be taken stands in it again."""
    who, deps, request_id = visit.staff, visit.deps, _id(visit)

    def read(tx: Transaction) -> tuple[InHand, list[SeenStaff]] | NoSuchRequest:
        found = usecase.read(tx, who, request_id, persons=deps.persons, now=visit.now)
        if isinstance(found, NoSuchRequest):
            return found
        return found, request_hands.colleagues(tx, who, found.readable.request, deps.sealer)

    try:
        found = await audit.recorded(deps.database, read)
    except ValueError:
        raise Refusal(HTTPStatus.GONE, "request_unreadable") from None
    if isinstance(found, NoSuchRequest):
        raise Refusal(HTTPStatus.NOT_FOUND, "request_gone")
    in_hand, colleagues = found
    values = {
        "request": request_view(in_hand.readable, who, visit.language, visit.now),
        "not_yours": in_hand.not_yours and in_hand.readable.request.is_waiting,
        "colleagues": colleagues,
        "grounds": [(one.value, visit.say(f"refusal_ground_{one.value}")) for one in RefusalGround],
        "typed": _words(visit),
        "typed_ground": visit.form.text("ground", at_most=64, required=False),
        "at_most": TEXT_AT_MOST,
        "said": said,
        "wrong": wrong,
    }
    return Shown("request.html", values, status)


async def _done(visit: Visit, state: str, work: Callable[[Transaction], Outcome]) -> Answered:
    """Do it, and show the request again; what an officer typed is not lost when it could not be done."""
    match await audit.recorded(visit.deps.database, work):
        case Request():
            return Moved(f"/requests/{_id(visit)}?done={state}")
        case NoSuchRequest():
            raise Refusal(HTTPStatus.NOT_FOUND, "request_gone")
        case BadRequest():
            return await _show(visit, wrong="request_bad_text", status=HTTPStatus.BAD_REQUEST)
        case NotNow():
            return await _show(visit, wrong="request_over", status=HTTPStatus.CONFLICT)
        case SomebodyElses():
            return await _show(visit, wrong="request_somebody_elses", status=HTTPStatus.CONFLICT)
        case NoSuchColleague():
            return await _show(visit, wrong="request_no_colleague", status=HTTPStatus.CONFLICT)


def _id(visit: Visit) -> RequestId:
    return RequestId(visit.request.match_info["request_id"])


def _words(visit: Visit) -> str:
    """What the officer wrote, as long as it may be; a use case says whether it can be taken."""
    return visit.form.draft("text", at_most=2 * TEXT_AT_MOST)
