"""The one table of actions: menus, tool bar, help page, shortcut settings and tests read it.

An action's work is a function of the context it acts on; `when` says when it can be used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.annotation import ImageState
from ui.docks import PANELS

if TYPE_CHECKING:
    from ui.commands import Context
    from ui.tools.pixel_work import PixelWork


def _always(context: Context) -> bool:
    return True


def _project(context: Context) -> bool:
    return context.session.project is not None


def _image(context: Context) -> bool:
    return context.session.document is not None


def _chosen(context: Context) -> bool:
    return bool(context.session.selection)


def _undo(context: Context) -> bool:
    return context.session.document is not None and context.session.document.can_undo


def _redo(context: Context) -> bool:
    return context.session.document is not None and context.session.document.can_redo


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One row. `keys`: default shortcuts in Qt's portable text. `menu`: where it stands, '' = keys only."""

    id: str
    text: str
    menu: str
    keys: tuple[str, ...]
    run: Callable[[Context], object]
    when: Callable[[Context], bool] = _always
    tip: str = ""
    icon: str = ""
    checked: Callable[[Context], bool] | None = None  # a switch, and whether it is on
    separated: bool = False  # a line above it in the menu
    repeats: bool = False  # goes on while the key is held


def _several(context: Context) -> bool:
    return len(context.session.selection) > 1


def _pixels(context: Context) -> PixelWork:
    from ui.tools.pixel_work import pixel_work

    return pixel_work(context.canvas)


def _look_closer(context: Context) -> None:
    from ui.tools.closer import look_closer

    look_closer(context)


def _refine_edges(context: Context) -> None:
    from ui.tools.refine import refine_edges

    refine_edges(context)


def _tool(id: str, text: str, keys: tuple[str, ...], tip: str) -> ActionSpec:
    return ActionSpec(
        f"tool.{id}",
        text,
        "Tools",
        keys,
        lambda context: context.session.set_tool(id),
        _image,
        tip,
        icon=id,
        checked=lambda context: context.session.tool == id,
    )


def _panel(title: str, key: str) -> ActionSpec:
    return ActionSpec(
        f"panel.{title.lower()}",
        f"{title} panel",
        "View",
        (key,),
        lambda context: context.panels.toggle(title),
        _project,
        "Show or hide it",
        checked=lambda context: context.panels.shown(title),
        separated=title == PANELS[0],
    )


def _unfinished(record: object) -> bool:
    return record.state not in (ImageState.DONE, ImageState.SKIPPED)  # type: ignore[attr-defined]


def _label(number: int) -> ActionSpec:
    def run(context: Context) -> None:
        categories = context.session.categories
        if number <= len(categories):
            context.choose_category(categories[number - 1].id)

    return ActionSpec(
        f"category.{number}",
        f"Category {number}",
        "",
        (str(number),),
        run,
        _project,
        "Draw with it; relabel what is chosen",
    )


ACTIONS: tuple[ActionSpec, ...] = (
    # File
    ActionSpec("project.new", "New project …", "File", ("Ctrl+N",), lambda c: c.new_project(), icon="new"),
    ActionSpec(
        "project.open", "Open project …", "File", ("Ctrl+O",), lambda c: c.open_project(), icon="open"
    ),
    ActionSpec(
        "project.close",
        "Close the project",
        "File",
        ("Ctrl+W",),
        lambda c: c.session.close_project(),
        _project,
    ),
    ActionSpec("project.sample", "Open the sample project", "File", (), lambda c: c.open_sample()),
    ActionSpec(
        "project.rescan", "Look for new images", "File", ("Ctrl+R",), lambda c: c.session.rescan(), _project
    ),
    ActionSpec(
        "import",
        "Import COCO …",
        "File",
        ("Ctrl+I",),
        lambda c: c.import_file(),
        _project,
        icon="import",
        separated=True,
    ),
    ActionSpec(
        "export", "Export COCO …", "File", ("Ctrl+E",), lambda c: c.export_file(), _project, icon="export"
    ),
    ActionSpec(
        "save",
        "Everything is saved",
        "",
        ("Ctrl+S",),
        lambda c: c.say_saved(),
        _project,
        "Each edit is saved as it is made",
    ),
    ActionSpec("settings", "Settings …", "File", ("Ctrl+,",), lambda c: c.settings(), separated=True),
    ActionSpec("quit", "Quit", "File", ("Ctrl+Q",), lambda c: c.quit(), separated=True),
    # Edit
    ActionSpec("undo", "Undo", "Edit", ("Ctrl+Z",), lambda c: c.undo(), _undo, icon="undo", repeats=True),
    ActionSpec(
        "redo",
        "Redo",
        "Edit",
        ("Ctrl+Shift+Z", "Ctrl+Y"),
        lambda c: c.session.redo(),
        _redo,
        icon="redo",
        repeats=True,
    ),
    ActionSpec("copy", "Copy", "Edit", ("Ctrl+C",), lambda c: c.copy(), _chosen, separated=True),
    ActionSpec("paste", "Paste", "Edit", ("Ctrl+V",), lambda c: c.paste(), _image),
    ActionSpec("duplicate", "Duplicate", "Edit", ("Ctrl+D",), lambda c: c.session.duplicate(), _chosen),
    ActionSpec(
        "delete",
        "Delete",
        "Edit",
        ("Delete", "Backspace"),
        lambda c: c.session.delete_selection(),
        _chosen,
        icon="delete",
    ),
    ActionSpec(
        "select.all", "Select all", "Edit", ("Ctrl+A",), lambda c: c.select_all(), _image, separated=True
    ),
    ActionSpec("select.none", "Stop, or select nothing", "Edit", ("Escape",), lambda c: c.escape(), _image),
    # Tools
    _tool("select", "Select", ("V",), "Choose, move vertices and box sides"),
    _tool("box", "Box", ("R",), "Draw a box"),
    _tool("polygon", "Polygon", ("P",), "Draw a polygon, edit its vertices, cut holes"),
    _tool("brush", "Brush", ("B",), "Paint on the chosen instance, or a new one"),
    _tool("eraser", "Eraser", ("E",), "Rub out of the chosen instance"),
    _tool("solve", "Click to correct", ("C",), "Left adds, right removes: the mask is solved again"),
    _tool("split", "Split along a line", ("K",), "Draw a line across an instance to make two of it"),
    # Annotate
    ActionSpec(
        "accept", "Accept", "Annotate", ("Return", "Enter"), lambda c: c.accept(), _image, icon="accept"
    ),
    ActionSpec(
        "accept.all",
        "Accept all shown",
        "Annotate",
        ("Shift+Return", "Shift+Enter"),
        lambda c: c.accept_all(),
        _image,
        icon="accept_all",
    ),
    ActionSpec("reject", "Reject", "Annotate", ("X",), lambda c: c.reject(), _image, icon="reject"),
    ActionSpec("relabel", "Relabel …", "Annotate", ("Ctrl+L",), lambda c: c.relabel(), _chosen),
    ActionSpec(
        "threshold.up",
        "Higher threshold",
        "Annotate",
        ("+", "="),
        lambda c: c.threshold(0.05),
        _image,
        separated=True,
        repeats=True,
    ),
    ActionSpec(
        "threshold.down",
        "Lower threshold",
        "Annotate",
        ("-",),
        lambda c: c.threshold(-0.05),
        _image,
        repeats=True,
    ),
    # Mask
    ActionSpec(
        "mask.grow",
        "Grow by a pixel",
        "Mask",
        (".",),
        lambda c: _pixels(c).grow(1),
        _chosen,
        "Wider all around; hold the key for more",
        repeats=True,
    ),
    ActionSpec(
        "mask.shrink",
        "Shrink by a pixel",
        "Mask",
        (",",),
        lambda c: _pixels(c).grow(-1),
        _chosen,
        "Narrower all around; hold the key for more",
        repeats=True,
    ),
    ActionSpec("mask.grow_by", "Grow or shrink by …", "Mask", ("Ctrl+.",), lambda c: c.grow_by(), _chosen),
    ActionSpec(
        "closer",
        "Look closer",
        "Mask",
        ("Z",),
        _look_closer,
        _image,
        "The model looks again, at the chosen instance or at what is in view: finer prototypes",
    ),
    ActionSpec(
        "mask.fill",
        "Fill holes",
        "Mask",
        ("Shift+H",),
        lambda c: _pixels(c).fill_holes(),
        _chosen,
        separated=True,
    ),
    ActionSpec(
        "mask.smooth",
        "Smooth the edge",
        "Mask",
        ("Shift+S",),
        lambda c: _pixels(c).smooth(),
        _chosen,
        "Takes spikes and notches away; again: more",
    ),
    ActionSpec(
        "mask.edges",
        "Draw to the image's edges …",
        "Mask",
        ("Shift+E",),
        _refine_edges,
        _chosen,
        "With its strength on a slider, previewed",
    ),
    ActionSpec(
        "mask.subtract",
        "Leave to the neighbours what is theirs",
        "Mask",
        ("Shift+M",),
        lambda c: _pixels(c).subtract_neighbours(),
        _chosen,
        "Takes the pixels away that other shown instances have",
    ),
    ActionSpec(
        "mask.merge",
        "Merge the chosen ones",
        "Mask",
        ("M",),
        lambda c: _pixels(c).merge(),
        _several,
        "They become one instance, the first chosen",
        separated=True,
    ),
    # Image
    ActionSpec(
        "next",
        "Next image",
        "Image",
        ("D", "Right"),
        lambda c: c.session.step(1),
        _project,
        icon="next",
        repeats=True,
    ),
    ActionSpec(
        "previous",
        "Previous image",
        "Image",
        ("A", "Left"),
        lambda c: c.session.step(-1),
        _project,
        icon="previous",
        repeats=True,
    ),
    ActionSpec(
        "next.open",
        "Next unfinished image",
        "Image",
        ("Ctrl+Shift+D",),
        lambda c: c.session.step(1, _unfinished),
        _project,
    ),
    ActionSpec(
        "previous.open",
        "Previous unfinished image",
        "Image",
        ("Ctrl+Shift+A",),
        lambda c: c.session.step(-1, _unfinished),
        _project,
    ),
    ActionSpec(
        "done",
        "Done, and on to the next",
        "Image",
        ("Ctrl+Return", "N"),
        lambda c: c.session.done_and_next(),
        _image,
        "Proposals that are still open are left out of training and export",
        icon="done",
        separated=True,
    ),
    ActionSpec("skip", "Skip this image", "Image", ("Ctrl+K",), lambda c: c.skip(), _image, icon="skip"),
    ActionSpec(
        "reopen",
        "Back to in progress",
        "Image",
        (),
        lambda c: c.session.set_image_state(ImageState.IN_PROGRESS),
        _image,
    ),
    # View
    ActionSpec("fit", "Fit the image", "View", ("F", "Ctrl+F"), lambda c: c.canvas.fit(), _image, icon="fit"),
    ActionSpec(
        "fit.selection",
        "Fit the selection",
        "View",
        ("Ctrl+Shift+F",),
        lambda c: c.canvas.fit_selection(),
        _image,
    ),
    ActionSpec("zoom.one", "One to one", "View", ("Ctrl+0",), lambda c: c.canvas.zoom_to(1.0), _image),
    ActionSpec(
        "zoom.in",
        "Zoom in",
        "View",
        ("Ctrl++", "Ctrl+="),
        lambda c: c.canvas.zoom_by(1.25),
        _image,
        repeats=True,
    ),
    ActionSpec(
        "zoom.out", "Zoom out", "View", ("Ctrl+-",), lambda c: c.canvas.zoom_by(0.8), _image, repeats=True
    ),
    ActionSpec(
        "hide.all",
        "Hide all annotations",
        "View",
        ("T",),
        lambda c: c.toggle_peek(),
        _image,
        checked=lambda c: c.canvas.look.peek,
        separated=True,
    ),
    ActionSpec("hide", "Hide or show the chosen ones", "View", ("H",), lambda c: c.toggle_chosen(), _chosen),
    ActionSpec(
        "labels",
        "Labels",
        "View",
        ("L",),
        lambda c: c.toggle_look("labels"),
        checked=lambda c: c.canvas.look.labels,
    ),
    ActionSpec(
        "outlines",
        "Outlines",
        "View",
        ("O",),
        lambda c: c.toggle_look("outlines"),
        checked=lambda c: c.canvas.look.outlines,
    ),
    ActionSpec(
        "boxes",
        "Boxes",
        "View",
        ("Shift+B",),
        lambda c: c.toggle_look("boxes"),
        checked=lambda c: c.canvas.look.boxes,
    ),
    ActionSpec(
        "theme", "Light or dark", "View", ("Ctrl+Shift+L",), lambda c: c.toggle_theme(), separated=True
    ),
    *(_panel(title, key) for title, key in zip(PANELS, ("F6", "F7", "F8", "F9", "F10"), strict=True)),
    ActionSpec(
        "panels.reset",
        "Panels as they were at first",
        "View",
        (),
        lambda c: c.panels.reset(),
        _project,
    ),
    # Model
    ActionSpec(
        "prelabel.this",
        "Pre-label this image",
        "Model",
        ("F5",),
        lambda c: c.session.predict_current(),
        _image,
        icon="prelabel",
    ),
    ActionSpec(
        "prelabel.all",
        "Pre-label all new images",
        "Model",
        ("Shift+F5",),
        lambda c: c.prelabel_all(),
        _project,
    ),
    ActionSpec(
        "prelabel.tiles",
        "Pre-label this image in tiles",
        "Model",
        ("Ctrl+F5",),
        lambda c: c.prelabel_in_tiles(),
        _image,
        tip="For small things in a large image: the model also looks at overlapping tiles of it",
    ),
    ActionSpec(
        "prelabel.stop", "Stop pre-labelling", "Model", ("Shift+Escape",), lambda c: c.stop_tasks(), _project
    ),
    ActionSpec(
        "retrain",
        "Retrain …",
        "Model",
        ("Ctrl+T",),
        lambda c: c.show_training(),
        _project,
        icon="train",
        separated=True,
    ),
    ActionSpec("model.choose", "Model versions …", "Model", (), lambda c: c.show_versions(), _project),
    # Help
    ActionSpec("help", "Keys and help", "Help", ("F1",), lambda c: c.show_help()),
    ActionSpec("tour", "One-minute tour", "Help", ("Shift+F1",), lambda c: c.start_tour()),
    ActionSpec("shortcuts", "Change the keys …", "Help", (), lambda c: c.change_keys()),
    ActionSpec("about", "About Protolabel", "Help", (), lambda c: c.about()),
    *(_label(number) for number in range(1, 10)),
)
BY_ID = {spec.id: spec for spec in ACTIONS}
MENUS = ("File", "Edit", "Tools", "Annotate", "Mask", "Image", "View", "Model", "Help")
