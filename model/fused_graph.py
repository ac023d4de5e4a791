"""The network as a list of fused steps, for inference on CPUs: convolution, sum and activation are one.

The module's own `forward` is followed once (torch.fx: no compiler, nothing to install), batch norms being
folded before; what is not known stays as it is. The numbers agree with the plain network within float noise.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from model.backbones.efficientnet_lite import SameConv2d
from model.fast_conv import NONE, Activation, FastConv, available
from model.winograd import WinogradConv, Workspace, worthwhile

_SUMS = (operator.add, operator.iadd, torch.add)
_RELU: Activation = ("relu", ())
_RELU6: Activation = ("hardtanh", (0.0, 6.0))


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Convolutions of all kinds are steps; their insides are not looked at."""
        return isinstance(m, nn.Conv2d) or super().is_leaf_module(m, module_qualified_name)


def fuse(model: nn.Module, **constants: Any) -> fx.GraphModule:
    """The evaluation-mode model's forward with fused steps; shares no step's weights with it afterwards.

    `constants`: arguments of `forward` that are always the same. Batch norms must have been folded.
    """
    graph = _Tracer().trace(model, concrete_args=constants)
    fused = fx.GraphModule(model, graph)
    _drop_idle(fused)
    space = Workspace()
    for node in list(graph.nodes):
        if node.op == "call_module" and type(fused.get_submodule(str(node.target))) in (
            nn.Conv2d,
            SameConv2d,
        ):
            _fuse_at(fused, node, space)
    graph.eliminate_dead_code()
    fused.delete_all_unused_submodules()
    fused.recompile()
    return fused


def can_fuse(device: torch.device) -> bool:
    """Whether this machine's torch can."""
    return device.type == "cpu" and available()


def _drop_idle(fused: fx.GraphModule) -> None:
    """Leave out identities, and a ReLU of what cannot be negative."""
    for node in list(fused.graph.nodes):
        source = node.args[0] if node.args else None
        if not isinstance(source, fx.Node):
            continue
        idle = node.op == "call_module" and isinstance(fused.get_submodule(str(node.target)), nn.Identity)
        if idle or (_activation(fused, node) == _RELU and _never_negative(fused, source)):
            node.replace_all_uses_with(source)
            fused.graph.erase_node(node)


def _never_negative(fused: fx.GraphModule, node: fx.Node) -> bool:
    while node.op == "call_module" and isinstance(fused.get_submodule(str(node.target)), nn.Upsample):
        source = node.args[0]
        assert isinstance(source, fx.Node)
        node = source
    return _activation(fused, node) in (_RELU, _RELU6)


def _fuse_at(fused: fx.GraphModule, node: fx.Node, space: Workspace) -> None:
    """Put one step in the place of a convolution and the sum and activation that follow it alone."""
    chain, others = [node], []
    follower = _only_user(node)
    if follower is not None and follower.op == "call_function" and follower.target in _SUMS:
        rest = [each for each in follower.args if each is not node]
        if len(follower.args) == 2 and len(rest) == 1 and isinstance(rest[0], fx.Node):
            chain.append(follower)
            others = rest
            follower = _only_user(follower)
    activation = NONE
    if follower is not None and (found := _activation(fused, follower)) is not None:
        chain.append(follower)
        activation = found
    convolution = fused.get_submodule(str(node.target))
    assert isinstance(convolution, nn.Conv2d)
    name = f"fused_{node.name}"
    step: nn.Module
    if worthwhile(convolution) and not others:
        step = WinogradConv(convolution, activation, space)
    else:
        step = FastConv(convolution, activation)
    fused.add_submodule(name, step)
    with fused.graph.inserting_before(chain[-1]):
        made = fused.graph.call_module(name, (node.args[0], *others))
    chain[-1].replace_all_uses_with(made)
    for each in reversed(chain):
        fused.graph.erase_node(each)


def _only_user(node: fx.Node) -> fx.Node | None:
    users = list(node.users)
    return users[0] if len(users) == 1 else None


def _activation(fused: fx.GraphModule, node: fx.Node) -> Activation | None:
    """What activation a step is, if it is one that can be fused."""
    if node.op == "call_module":
        module = fused.get_submodule(str(node.target))
        if isinstance(module, nn.ReLU6):
            return _RELU6
        if isinstance(module, nn.LeakyReLU):
            return ("leaky_relu", (module.negative_slope,))
        return _RELU if isinstance(module, nn.ReLU) else None
    if node.op == "call_function":
        known: dict[Callable[..., Tensor], Activation] = {
            F.relu: _RELU,
            torch.relu: _RELU,
            F.relu6: _RELU6,
        }
        return known.get(node.target)  # type: ignore[arg-type]
    return None
