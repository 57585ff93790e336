"""What the console refuses, as an exception that names the sentence for people."""

from http import HTTPStatus


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """The request is answered with a page that says why. Nothing of it took place, unless its raiser said so."""

    def __init__(
        self, status: HTTPStatus, words: str, *, field: str | None = None, retry_after_s: int | None = None
    ) -> None:
        """A refusal.

        Args:
            status: of the answer.
            words: key of the sentence, see `words`.
            field: the form's field that is at fault; never its value.
            retry_after_s: when the same may be tried again, seconds.
        """
        super().__init__(words)
        self.status = status
        self.words = words
        self.field = field
        self.retry_after_s = retry_after_s
