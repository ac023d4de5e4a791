"""The panel that explains: this image's prototypes, the chosen instance's coefficients, its mask as a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.annotation import Annotation
from app.edits import EditKind, change
from ui.explain.coefficients import CoefficientGrid, to_image
from ui.explain.contribution import mask_picture, shares

if TYPE_CHECKING:
    from ui.session import Session

STEPS = (1, 2, 4, 8, 16, 32)  # prototypes by share in the pictures of the running sum
PICTURE = 46
_FIT = (Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)


class ExplainPanel(QWidget):
    """Follows the session's prediction and selection."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.title = QLabel(wordWrap=True)
        self.grid = CoefficientGrid()
        self.sums = [QLabel() for _ in STEPS]
        self.predict = QPushButton("Predict this image")
        self.reset = QPushButton("Back to predicted")
        self.reset.setToolTip("The coefficients that the network gave")
        self.by_share = QCheckBox("Sorted by share")
        self.by_share.setChecked(True)
        self.together = QCheckBox("One scale")
        self.together.setToolTip("All prototypes on one scale of colours")
        self._later = QTimer(self, singleShot=True, interval=0)
        self._shown: object = None
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        strip = QHBoxLayout()
        strip.setSpacing(4)
        for picture, count in zip(self.sums, STEPS, strict=True):
            picture.setFixedSize(PICTURE, PICTURE)
            picture.setToolTip(f"The mask from the {count} prototypes with the largest share")
            strip.addWidget(picture)
        strip.addStretch()
        options = QHBoxLayout()
        options.addWidget(self.by_share)
        options.addWidget(self.together)
        options.addStretch()
        options.addWidget(self.reset)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.grid)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.title)
        layout.addWidget(self.predict)
        layout.addLayout(strip)
        layout.addLayout(options)
        layout.addWidget(scroll, 1)

    def _connect(self) -> None:
        session = self._session
        session.prediction_changed.connect(self._later.start)
        session.document_changed.connect(self._later.start)
        session.selection_changed.connect(self._later.start)
        session.annotations_changed.connect(lambda _: self._later.start())
        self._later.timeout.connect(self.refresh)
        self.predict.clicked.connect(lambda: session.predict_current())
        self.reset.clicked.connect(self._reset)
        self.by_share.toggled.connect(lambda: self.refresh())
        self.together.toggled.connect(self._rescale)
        self.grid.moved.connect(self._preview)
        self.grid.settled.connect(self._settle)

    def instance(self) -> Annotation | None:
        """The one chosen annotation, if it can be explained with this prediction."""
        from app.correction import explain_refusal

        document, selection = self._session.document, self._session.selection
        if document is None or len(selection) != 1:
            return None
        each = document.annotations.get(selection[0])
        return each if each and not explain_refusal(each, self._session.prediction) else None

    def refresh(self) -> None:
        """Show what the session has now."""
        prediction = self._session.prediction
        if prediction is not self._shown:
            self.grid.set_prototypes(prediction, together=self.together.isChecked())
            self._shown = prediction
        instance = self.instance()
        self.predict.setVisible(prediction is None and self._session.document is not None)
        for widget in (self.reset, self.by_share):
            widget.setVisible(instance is not None)
        self.together.setVisible(prediction is not None)
        self.title.setText(self._words(instance))
        if instance is None:
            self.grid.set_coefficients(None, None)
            self._show_sums(None)
            return
        from app.correction import present

        coefficients = present(instance)
        assert instance.origin is not None
        predicted = np.asarray(instance.origin.coefficients, np.float32)
        order = self._order(instance, coefficients) if self.by_share.isChecked() else None
        self.grid.set_coefficients(coefficients, predicted, order)
        self._show_sums(coefficients)

    def _words(self, instance: Annotation | None) -> str:
        session = self._session
        if session.document is None:
            return "No image"
        if session.prediction is None:
            return "The prototypes of this image are not there yet."
        k = session.prediction.prototypes.shape[2]
        if instance is not None:
            return f"This mask is {k} numbers over {k} pictures. Drag a bar and watch it."
        if len(session.selection) == 1 and session.document is not None:
            from app.correction import explain_refusal

            each = session.document.annotations.get(session.selection[0])
            if each is not None:
                return explain_refusal(each, session.prediction)
        return f"{k} prototypes of this image. Choose an instance to see its coefficients."

    def _box(self, instance: Annotation) -> tuple[float, float, float, float]:
        prediction = self._session.prediction
        assert prediction is not None
        x, y, width, height = instance.bbox
        w, h = prediction.image_width, prediction.image_height
        return x / w, y / h, (x + width) / w, (y + height) / h

    def _order(self, instance: Annotation, coefficients: NDArray[np.float32]) -> NDArray[np.intp]:
        prediction = self._session.prediction
        assert prediction is not None
        return np.argsort(
            -np.abs(shares(prediction.prototypes, coefficients, self._box(instance))), kind="stable"
        )

    def _show_sums(self, coefficients: NDArray[np.float32] | None) -> None:
        instance, prediction = self.instance(), self._session.prediction
        if coefficients is None or instance is None or prediction is None:
            for label in self.sums:
                label.hide()
            return
        order, box = self._order(instance, coefficients), self._box(instance)
        for label, count in zip(self.sums, STEPS, strict=True):
            kept = np.zeros_like(coefficients)
            kept[order[:count]] = coefficients[order[:count]]
            picture = QPixmap.fromImage(to_image(mask_picture(prediction.prototypes, kept, box)))
            label.setPixmap(picture.scaled(PICTURE, PICTURE, *_FIT))
            label.show()

    def _preview(self, coefficients: NDArray[np.float32]) -> None:
        self._show_sums(coefficients)

    def _settle(self, coefficients: NDArray[np.float32]) -> None:
        from app.correction import by_coefficients

        instance, prediction = self.instance(), self._session.prediction
        if instance is None or prediction is None:
            return
        after = by_coefficients(instance, prediction, coefficients)
        if after.area > 0:
            self._session.apply(change(EditKind.RECOMPOSE, instance.image_id, [(instance, after)]))
        else:
            self._session.message.emit(
                "With these coefficients the mask is empty; it stays as it was.", "warning"
            )
            self.refresh()

    def _reset(self) -> None:
        instance = self.instance()
        if instance is not None and instance.origin is not None:
            self._settle(np.asarray(instance.origin.coefficients, np.float32))

    def _rescale(self) -> None:
        self._shown = None
        self.refresh()
