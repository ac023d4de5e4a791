"""The tools of the canvas by their names, in the order of the tool bar."""

from ui.tools.base import Tool
from ui.tools.box import BoxTool
from ui.tools.brush import BrushTool, EraserTool
from ui.tools.polygon import PolygonTool
from ui.tools.select import SelectTool
from ui.tools.solve import SolveTool
from ui.tools.split import SplitTool

TOOLS: dict[str, type[Tool]] = {
    kind.name: kind
    for kind in (SelectTool, BoxTool, PolygonTool, BrushTool, EraserTool, SolveTool, SplitTool)
}
