"""What an appliance tells of itself: changes since the last report, everything when asked, and events."""

import asyncio

from device_sim.commands import Say
from device_sim.controller import Controller
from device_sim.happenings import What
from gateway.protocol.messages import EventReport
from gateway.protocol.topics import UpChannel


class Reporter:
    """Reports of one connection."""

    def __init__(self, controller: Controller, say: Say) -> None:
        self._controller = controller
        self._say = say
        self._starts_over = True
        """The next report has to hold everything."""
        self._told_at = 0.0
        self._ticked: float | None = None

    @property
    def owes_everything(self) -> bool:
        """There is somebody to report to, who knows nothing yet."""
        return self._starts_over and self._controller.owned and self._controller.timings.reports_itself

    def start_over(self) -> None:
        """The next report holds everything: a new connection, a new owner, or the gateway asked for it."""
        self._starts_over = True

    def report(self, *, full: bool = False) -> asyncio.Future[None]:
        """Report what changed since the last report, or everything. The future ends when the broker took it.

        Raises:
            LinkError: the connection is gone.
        """
        state = self._controller.model.state
        known = None if full or self._starts_over else self._controller.last_told
        changed = state if known is None else {name: value for name, value in state.items() if known.get(name) != value}
        report = self._controller.report(changed, full=known is None)
        self._controller.last_told = state
        self._starts_over, self._told_at = False, asyncio.get_running_loop().time()
        taken = self._say(UpChannel.STATE, report)
        taken.add_done_callback(lambda done: self._taken(done, report.seq))
        return taken

    def pass_time(self, now: float, every_s: float) -> None:
        """Let the model live until now (seconds of the loop's clock), and report when it is time.

        Raises:
            LinkError: the connection is gone.
        """
        timings = self._controller.timings
        passed = 0.0 if self._ticked is None else now - self._ticked
        self._ticked = now
        happened = self._controller.model.tick(passed * timings.speed)
        if not (self._controller.owned and timings.reports_itself):
            return
        for one in happened:
            event = EventReport(id=self._controller.request_id(), name=one.name, data=one.data)
            self._say(UpChannel.EVENT, event)
        if self._starts_over or now - self._told_at >= (timings.report_every_s or every_s):
            self.report()

    def _taken(self, done: asyncio.Future[None], seq: int) -> None:
        if not done.cancelled() and done.exception() is None:
            self._controller.tell(What.REPORTED, subject=str(seq))
