"""What can go wrong, for people.

    SwathError
      ConfigError   a key of the configuration
      InputError    a file, header key, column or row of the input
      RunError      something met while computing that a person must decide on

A message says what, where, what was expected against what was found, and what to do next. Problems of one
input are gathered and raised together.
"""

from collections.abc import Iterable


class SwathError(Exception):
    """Base of all errors that a user can mend; shown without a traceback.

    Parameters
    ----------
    problems : one sentence, or several that are shown as a list.
    summary : a line above the list.
    """

    def __init__(self, problems: str | Iterable[str], summary: str = "") -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        self.summary = summary
        super().__init__(self._text())

    def _text(self) -> str:
        if len(self.problems) == 1 and not self.summary:
            return self.problems[0]
        head = self.summary or f"{len(self.problems)} problems"
        return "\n".join([head, *(f"  - {problem}" for problem in self.problems)])


class ConfigError(SwathError):
    """The configuration is not usable."""


class InputError(SwathError):
    """An input file is not usable."""


class RunError(SwathError):
    """The run cannot go on without a person's decision."""
