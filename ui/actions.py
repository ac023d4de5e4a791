"""The one table of actions: menus, tool bar, help page, shortcut settings and tests read it.

An action's work is a function of the context it acts on. A row: id, text, keys, work, when it can be used,
tip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.annotation import ImageState
from ui import edit_commands, file_commands
from ui.action_spec import (
    ActionSpec,
    can_redo,
    can_undo,
    in_menu,
    row,
    with_chosen,
    with_image,
    with_project,
    with_several,
)
from ui.docks import PANELS

if TYPE_CHECKING:
    from app.records import ImageRecord
    from ui.commands import Context
    from ui.tools.pixel_work import PixelWork


def _pixels(context: Context) -> PixelWork:
    from ui.tools.pixel_work import pixel_work

    return pixel_work(context.canvas)


def _look_closer(context: Context) -> None:
    from ui.tools.closer import look_closer

    look_closer(context)


def _refine_edges(context: Context) -> None:
    from ui.tools.refine import refine_edges

    refine_edges(context)


def _tool(id: str, text: str, key: str, tip: str) -> ActionSpec:
    return row(
        f"tool.{id}",
        text,
        key,
        lambda context: context.session.set_tool(id),
        with_image,
        tip,
        icon=id,
        checked=lambda context: context.session.tool == id,
    )


def _panel(title: str, key: str) -> ActionSpec:
    return row(
        f"panel.{title.lower()}",
        f"{title} panel",
        key,
        lambda context: context.panels.toggle(title),
        with_project,
        "Show or hide it",
        checked=lambda context: context.panels.shown(title),
        separated=title == PANELS[0],
    )


def _unfinished(record: ImageRecord) -> bool:
    return record.state not in (ImageState.DONE, ImageState.SKIPPED)


def _category(number: int) -> ActionSpec:
    def run(context: Context) -> None:
        categories = context.session.categories
        if number <= len(categories):
            edit_commands.choose_category(context, categories[number - 1].id)

    return row(
        f"category.{number}",
        f"Category {number}",
        str(number),
        run,
        with_project,
        "Draw with it; relabel what is chosen",
    )


# fmt: off
ACTIONS: tuple[ActionSpec, ...] = (
    *in_menu("File",
        row("project.new", "New project …", "Ctrl+N", file_commands.new_project, icon="new"),
        row("project.open", "Open project …", "Ctrl+O", file_commands.open_project, icon="open"),
        row("project.close", "Close the project", "Ctrl+W", lambda c: c.session.close_project(),
            with_project),
        row("project.sample", "Open the sample project", "", file_commands.open_sample),
        row("project.rescan", "Look for new images", "Ctrl+R", lambda c: c.session.rescan(), with_project),
        row("project.images", "Find the images …", "", file_commands.find_images, with_project,
            "Say where they are after their folder was moved"),
        row("import", "Import COCO …", "Ctrl+I", file_commands.import_file, with_project, icon="import",
            separated=True),
        row("export", "Export COCO …", "Ctrl+E", file_commands.export_file, with_project, icon="export"),
    ),
    *in_menu("",
        row("save", "Everything is saved", "Ctrl+S", file_commands.say_saved, with_project,
            "Each edit is saved as it is made"),
    ),
    *in_menu("File",
        row("settings", "Settings …", "Ctrl+,", lambda c: c.settings(), separated=True),
        row("quit", "Quit", "Ctrl+Q", lambda c: c.quit(), separated=True),
    ),
    *in_menu("Edit",
        row("undo", "Undo", "Ctrl+Z", edit_commands.undo, can_undo, icon="undo", repeats=True),
        row("redo", "Redo", "Ctrl+Shift+Z Ctrl+Y", lambda c: c.session.redo(), can_redo, icon="redo",
            repeats=True),
        row("copy", "Copy", "Ctrl+C", edit_commands.copy, with_chosen, separated=True),
        row("paste", "Paste", "Ctrl+V", edit_commands.paste, with_image),
        row("duplicate", "Duplicate", "Ctrl+D", lambda c: c.session.duplicate(), with_chosen),
        row("delete", "Delete", "Delete Backspace", lambda c: c.session.delete_selection(), with_chosen,
            icon="delete"),
        row("select.all", "Select all", "Ctrl+A", edit_commands.select_all, with_image, separated=True),
        row("select.none", "Stop, or select nothing", "Escape", edit_commands.escape, with_image),
    ),
    *in_menu("Tools",
        _tool("select", "Select", "V", "Choose, move vertices and box sides"),
        _tool("box", "Box", "R", "Draw a box"),
        _tool("polygon", "Polygon", "P", "Draw a polygon, edit its vertices, cut holes"),
        _tool("brush", "Brush", "B", "Paint on the chosen instance, or a new one"),
        _tool("eraser", "Eraser", "E", "Rub out of the chosen instance"),
        _tool("solve", "Click to correct", "C", "Left adds, right removes: the mask is solved again"),
        _tool("split", "Split along a line", "K", "Draw a line across an instance to make two of it"),
    ),
    *in_menu("Annotate",
        row("accept", "Accept", "Return Enter", edit_commands.accept, with_image,
            "What is chosen, and on to the next proposal; with nothing chosen, all that are shown",
            icon="accept"),
        row("accept.all", "Accept all shown", "Shift+Return Shift+Enter", edit_commands.accept_all,
            with_image, icon="accept_all"),
        row("reject", "Reject", "X", edit_commands.reject, with_image,
            "What is chosen, and on to the next proposal; with nothing chosen, all that are shown",
            icon="reject"),
        row("relabel", "Relabel …", "Ctrl+L", edit_commands.relabel, with_chosen),
        row("threshold.up", "Higher threshold", "+ =", lambda c: edit_commands.threshold(c, 0.05), with_image,
            separated=True, repeats=True),
        row("threshold.down", "Lower threshold", "-", lambda c: edit_commands.threshold(c, -0.05), with_image,
            repeats=True),
    ),
    *in_menu("Mask",
        row("mask.grow", "Grow by a pixel", ".", lambda c: _pixels(c).grow(1), with_chosen,
            "Wider all around; hold the key for more", repeats=True),
        row("mask.shrink", "Shrink by a pixel", ",", lambda c: _pixels(c).grow(-1), with_chosen,
            "Narrower all around; hold the key for more", repeats=True),
        row("mask.grow_by", "Grow or shrink by …", "Ctrl+.", edit_commands.grow_by, with_chosen),
        row("closer", "Look closer", "Z", _look_closer, with_image,
            "The model looks again, at the chosen instance or at what is in view: finer prototypes"),
        row("mask.fill", "Fill holes", "Shift+H", lambda c: _pixels(c).fill_holes(), with_chosen,
            separated=True),
        row("mask.smooth", "Smooth the edge", "Shift+S", lambda c: _pixels(c).smooth(), with_chosen,
            "Takes spikes and notches away; again: more"),
        row("mask.redraw", "Draw anew, finely", "Shift+R", lambda c: _pixels(c).redraw(), with_chosen,
            "As a small network sees it from here; Ctrl+A first: all of the image"),
        row("mask.edges", "Draw to the image's edges …", "Shift+E", _refine_edges, with_chosen,
            "With its strength on a slider, previewed"),
        row("mask.subtract", "Leave to the neighbours what is theirs", "Shift+M",
            lambda c: _pixels(c).subtract_neighbours(), with_chosen,
            "Takes the pixels away that other shown instances have"),
        row("mask.merge", "Merge the chosen ones", "M", lambda c: _pixels(c).merge(), with_several,
            "They become one instance, the first chosen", separated=True),
    ),
    *in_menu("Image",
        row("next", "Next image", "D Right", lambda c: c.session.step(1), with_project, icon="next",
            repeats=True),
        row("previous", "Previous image", "A Left", lambda c: c.session.step(-1), with_project,
            icon="previous", repeats=True),
        row("next.open", "Next unfinished image", "Ctrl+Shift+D", lambda c: c.session.step(1, _unfinished),
            with_project),
        row("previous.open", "Previous unfinished image", "Ctrl+Shift+A",
            lambda c: c.session.step(-1, _unfinished), with_project),
        row("done", "Done, and on to the next", "Ctrl+Return N", lambda c: c.session.done_and_next(),
            with_image, "Proposals that are still open are left out of training and export", icon="done",
            separated=True),
        row("skip", "Skip this image", "Ctrl+K", edit_commands.skip, with_image, icon="skip"),
        row("reopen", "Back to in progress", "",
            lambda c: c.session.set_image_state(ImageState.IN_PROGRESS), with_image),
    ),
    *in_menu("View",
        row("fit", "Fit the image", "F Ctrl+F", lambda c: c.canvas.fit(), with_image, icon="fit"),
        row("fit.selection", "Fit the selection", "Ctrl+Shift+F", lambda c: c.canvas.fit_selection(),
            with_image),
        row("zoom.one", "One to one", "Ctrl+0", lambda c: c.canvas.zoom_to(1.0), with_image),
        row("zoom.in", "Zoom in", "Ctrl++ Ctrl+=", lambda c: c.canvas.zoom_by(1.25), with_image,
            repeats=True),
        row("zoom.out", "Zoom out", "Ctrl+-", lambda c: c.canvas.zoom_by(0.8), with_image, repeats=True),
        row("hide.all", "Hide all annotations", "T", lambda c: c.toggle_peek(), with_image,
            checked=lambda c: c.canvas.look.peek, separated=True),
        row("hide", "Hide or show the chosen ones", "H", lambda c: c.toggle_chosen(), with_chosen),
        row("labels", "Labels", "L", lambda c: c.toggle_look("labels"),
            checked=lambda c: c.canvas.look.labels),
        row("outlines", "Outlines", "O", lambda c: c.toggle_look("outlines"),
            checked=lambda c: c.canvas.look.outlines),
        row("boxes", "Boxes", "Shift+B", lambda c: c.toggle_look("boxes"),
            checked=lambda c: c.canvas.look.boxes),
        row("colors", "A colour for each instance", "I", lambda c: c.toggle_look("color_by_instance"),
            tip="Tells neighbours of one category apart; off: the categories' colours",
            checked=lambda c: c.canvas.look.color_by_instance),
        row("theme", "Light or dark", "Ctrl+Shift+L", lambda c: c.toggle_theme(), separated=True),
        *(_panel(title, key) for title, key in zip(PANELS, ("F6", "F7", "F8", "F9", "F10"), strict=True)),
        row("panels.reset", "Panels as they were at first", "", lambda c: c.panels.reset(), with_project),
    ),
    *in_menu("Model",
        row("prelabel.this", "Pre-label this image", "F5", lambda c: c.prelabel_this(),
            with_image, icon="prelabel"),
        row("prelabel.all", "Pre-label all new images", "Shift+F5", lambda c: c.prelabel_all(),
            with_project),
        row("prelabel.tiles", "Pre-label this image in tiles", "Ctrl+F5", lambda c: c.prelabel_in_tiles(),
            with_image,
            "For small things in a large image: the model also looks at overlapping tiles of it"),
        row("prelabel.stop", "Stop pre-labelling", "Shift+Escape", lambda c: c.stop_tasks(), with_project),
        row("retrain", "Retrain …", "Ctrl+T", lambda c: c.show_training(), with_project, icon="train",
            separated=True),
        row("model.choose", "Model versions …", "", lambda c: c.show_versions(), with_project),
        row("model.open", "Open a weights file …", "", lambda c: c.open_weights(), with_project,
            "Weights from elsewhere, or of another project: they are tried out, then they pre-label"),
        row("model.published", "Get published weights …", "", lambda c: c.get_published(), with_project,
            "YOLACT as published: size, AP, speed and licence; or a .pth that you have"),
        row("ceilings", "Prototype ceiling …", "", lambda c: c.show_ceilings(), with_project,
            "How well the prototypes could express your masks, by category and size"),
    ),
    *in_menu("Help",
        row("help", "Keys and help", "F1", lambda c: c.show_help()),
        row("tour", "One-minute tour", "Shift+F1", lambda c: c.start_tour()),
        row("shortcuts", "Change the keys …", "", lambda c: c.change_keys()),
        row("about", "About Protolabel", "", lambda c: c.about()),
    ),
    *in_menu("",
        *(_category(number) for number in range(1, 10)),
    ),
)
# fmt: on
BY_ID = {spec.id: spec for spec in ACTIONS}
MENUS = ("File", "Edit", "Tools", "Annotate", "Mask", "Image", "View", "Model", "Help")
