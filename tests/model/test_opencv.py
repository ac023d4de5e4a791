"""OpenCV is loaded by whichever thread needs it first, and Qt's variables stay as they were."""

import os
import threading
import time
from types import ModuleType

import pytest

from model import opencv

VARIABLE = "QT_QPA_FONTDIR"


def test_threads_that_need_it_at_once_leave_the_variables_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    loading = threading.Event()

    def loaded(name: str) -> ModuleType:
        os.environ[VARIABLE] = "fonts of OpenCV"
        loading.set()
        time.sleep(0.1)
        return ModuleType(name)

    monkeypatch.setattr("importlib.import_module", loaded)
    first, second = (threading.Thread(target=opencv._imported) for _ in range(2))
    first.start()
    loading.wait()
    second.start()
    first.join()
    second.join()
    assert VARIABLE not in os.environ
