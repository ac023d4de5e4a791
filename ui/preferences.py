"""What a person has chosen for this machine, in every project: kept in Qt's settings, read as one value."""

from __future__ import annotations

from dataclasses import dataclass, fields

from PySide6.QtCore import QSettings

from ui.open_image import THRESHOLD

GROUP = "preferences"
CACHE_GB = (0.25, 64.0)  # what may be chosen
MOST_AHEAD = 20
DEVICES = {"The best there is": "auto", "CPU": "cpu", "GPU (CUDA)": "cuda", "GPU (Apple)": "mps"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The defaults are what somebody gets who never looks here."""

    prelabel: bool = True  # a new image is pre-labelled when it is opened
    ahead: int = 3  # images after it that are read and predicted ahead
    threshold: float = THRESHOLD  # score from which proposals are shown in a new project
    device: str = "auto"  # of the model's process
    who: str = ""  # the name in the edit log; '' = the system's name of the person
    cache_gb: float = 2.0  # of kept predictions, in each project

    @property
    def cache_bytes(self) -> int:
        """The same in bytes."""
        return int(self.cache_gb * 2**30)


def load(settings: QSettings | None = None) -> Preferences:
    """What is kept; a value that cannot be understood or lies outside its range is the default."""
    settings = settings or QSettings()
    found: dict[str, object] = {}
    for each in fields(Preferences):
        value, default = settings.value(f"{GROUP}/{each.name}"), each.default
        if value is not None:
            found[each.name] = _like(value, default)
    return _within(Preferences(**found))  # type: ignore[arg-type]


def save(preferences: Preferences, settings: QSettings | None = None) -> None:
    """Keep them."""
    settings = settings or QSettings()
    for each in fields(Preferences):
        settings.setValue(f"{GROUP}/{each.name}", getattr(preferences, each.name))


def _like(value: object, default: object) -> object:
    """A stored value as the type of its default: files of settings hold words."""
    if isinstance(default, bool):
        return str(value).casefold() in ("true", "1")
    try:
        return type(default)(value)  # type: ignore[call-arg]
    except (TypeError, ValueError):
        return default


def _within(found: Preferences) -> Preferences:
    usual = Preferences()
    return Preferences(
        prelabel=found.prelabel,
        ahead=found.ahead if 0 <= found.ahead <= MOST_AHEAD else usual.ahead,
        threshold=found.threshold if 0.0 <= found.threshold <= 1.0 else usual.threshold,
        device=found.device if found.device in DEVICES.values() else usual.device,
        who=found.who.strip(),
        cache_gb=found.cache_gb if CACHE_GB[0] <= found.cache_gb <= CACHE_GB[1] else usual.cache_gb,
    )
