"""Each broken storage breaks a promise, and the machine says which."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from registratura.application.ports.storage import Storage
from registratura.testing.machine import StorageMachine
from registratura.testing.machine.witness import FREE, NO_STAYS, ONCE, ONE_PERSON, YES_STAYS
from tests.property.broken_storages import (
    BelievesStaleFiles,
    Broken,
    ComparesNoBodies,
    ForgetsAtRestart,
    ForgetsCancellations,
    ForgetsKeys,
    ForgetsWhoAsked,
    KeepsSlots,
    KeepsWhatFailed,
    KeepsWhatWasRefused,
    LooksAndLeaps,
    LosesBookings,
    SellsTwice,
    WithdrawsSlotsAlone,
)

BROKEN: dict[type[Broken], str] = {
    SellsTwice: ONE_PERSON,
    LooksAndLeaps: ONE_PERSON,
    BelievesStaleFiles: ONE_PERSON,
    LosesBookings: YES_STAYS,
    ForgetsCancellations: YES_STAYS,
    WithdrawsSlotsAlone: YES_STAYS,
    ForgetsAtRestart: YES_STAYS,
    KeepsWhatFailed: NO_STAYS,
    KeepsWhatWasRefused: NO_STAYS,
    ForgetsKeys: ONCE,
    ComparesNoBodies: ONCE,
    ForgetsWhoAsked: ONCE,
    KeepsSlots: FREE,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_the_machine_says_which_promise_is_broken(broken: type[Broken]) -> None:
    class Machine(StorageMachine):
        def open_storage(self) -> Callable[[], AbstractAsyncContextManager[Storage]]:
            storage = broken()
            return lambda: nullcontext(storage.opened())

    # The first story will do: nothing is made shorter.
    quickly = settings(max_examples=300, derandomize=True, phases=(Phase.generate,), database=None, deadline=None)
    with pytest.raises(AssertionError, match=BROKEN[broken]):
        run_state_machine_as_test(Machine, settings=quickly)
