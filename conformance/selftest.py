"""The harness on trial: every defective connector must be caught by what it breaks, and by nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from gatepost.conformance import catalogue
from gatepost.conformance.connectors.defects import CANARIES, Defect
from gatepost.conformance.launch import CannotOpen, CannotStart
from gatepost.conformance.report.model import Result
from gatepost.conformance.running import SuiteBroke, Wanted, run
from gatepost.conformance.verdict import Verdict

KILLED = (Verdict.FAIL, Verdict.WEAK)
QUIET = (Verdict.PASS, Verdict.NOT_APPLICABLE)


@dataclass(frozen=True)
class Trial:
    """What became of one defect; `defect` is None for the reference itself."""

    dialect: str
    defect: Defect | None
    results: tuple[Result, ...]
    problem: str = ""

    @property
    def name(self) -> str:
        return f"the {self.dialect} reference" if self.defect is None else self.defect.name

    @property
    def survived(self) -> list[str]:
        """What it breaks, and was not found to."""
        breaks = frozenset[str]() if self.defect is None else self.defect.breaks
        killed = {result.id for result in self.results if result.verdict in KILLED}
        return sorted(breaks - killed)

    @property
    def false_positives(self) -> list[str]:
        """What failed although it is neither broken nor said to be at risk."""
        allowed = () if self.defect is None else tuple(self.defect.breaks | self.defect.may)
        wrong = [one.id for one in self.results if one.verdict not in QUIET]
        return sorted(id for id in wrong if not any(_covers(pattern, id) for pattern in allowed))

    @property
    def good(self) -> bool:
        return not (self.survived or self.false_positives or self.problem)


def _covers(pattern: str, id: str) -> bool:
    """VCD-SES-1 is for VCD-SES-1.2 too."""
    return fnmatchcase(id, pattern) or id.partition(".")[0] == pattern


def profile_of(dialect: str) -> Path:
    """The profile of the reference connector."""
    return Path(__file__).with_name("connectors") / f"{dialect}.yaml"


def try_out(
    dialect: str, defect: Defect | None, folder: Path, seed: int, *, full: bool, stop: threading.Event
) -> Trial:
    """Judge one connector; never raises for what becomes of it, but KeyboardInterrupt when `stop` is set."""
    only: tuple[str, ...] = ()
    path = profile_of(dialect)
    if defect is not None:
        path = _profile_with(defect, folder)
        only = () if full else tuple(sorted(defect.breaks | defect.may_single | set(CANARIES[dialect])))
    try:
        return Trial(dialect, defect, tuple(run(Wanted(path, seed, only), stop=stop)))
    except (CannotOpen, CannotStart, SuiteBroke) as error:
        return Trial(dialect, defect, (), str(error))


def _profile_with(defect: Defect, folder: Path) -> Path:
    values = yaml.safe_load(profile_of(defect.dialect).read_text())
    python, _, _, *arguments = values["run"]["command"]
    module = "gatepost.conformance.connectors.defective"
    values["run"]["command"] = [python, "-m", module, defect.name, *arguments]
    values["name"] = defect.name
    path = folder / f"{defect.name}.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def trials(
    wanted: list[tuple[str, Defect | None]], seed: int, jobs: int, *, full: bool
) -> Iterator[tuple[Trial, float]]:
    """Each trial as it ends, with the seconds that it took. Ctrl-C ends what runs."""
    with TemporaryDirectory(prefix="gatepost-selftest-") as folder, ThreadPoolExecutor(jobs) as pool:

        def timed(dialect: str, defect: Defect | None) -> tuple[Trial, float]:
            began = time.monotonic()
            trial = try_out(dialect, defect, Path(folder), seed, full=full, stop=stop)
            return trial, time.monotonic() - began

        stop = threading.Event()
        waiting: set[Future[tuple[Trial, float]]] = {pool.submit(timed, *one) for one in wanted}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            stop.set()
            for future in waiting:
                future.cancel()


def unkilled(defects: tuple[Defect, ...]) -> list[str]:
    """Requirements that no defect breaks, so that nothing shows that they can fail."""
    broken = {id for defect in defects for id in defect.breaks}
    return [one.id for one in catalogue.requirements() if one.id not in broken]
