"""What every backbone is: a module with three feature maps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn


class Backbone(nn.Module, ABC):
    """`forward(images (B, 3, s, s))` gives C3, C4, C5: maps of stride 8, 16, 32 with `channels` channels."""

    channels: tuple[int, int, int]

    @abstractmethod
    def forward(self, images: Tensor) -> list[Tensor]:
        """The three maps, the finest first."""

    def load_classifier(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of a whole ImageNet classifier. RuntimeError where they do not fit."""
        raise RuntimeError(f"{type(self).__name__} takes no classifier's weights")

    def load_pretrained(self) -> None:
        """Take ImageNet weights from an installed package. Raises InputError where there is none."""
        from model.errors import InputError

        raise InputError(
            f"expected a backbone whose ImageNet weights are installed (efficientnet_lite0), got "
            f"{type(self).__name__}: start from published weights instead"
        )
