"""Everything that crosses, answered by Python: a value of Python that hands every call on to the plugin, called through the core."""

import polyplug
import pytest
import test_values


class Handed:
    """Hands every call on."""

    def __init__(self, to):
        self.to = to

    def __getattr__(self, name):
        return getattr(self.to, name)


@pytest.fixture
def mirrored(runtime):
    """Provides a contract by handing its calls on, and answers what calls that."""

    def provide(proxy):
        id = polyplug.contract_of(proxy).id
        runtime.provide(id, Handed(proxy))
        through = runtime.get(id, plugin="host")
        assert polyplug.plugin_of(through) == "host"
        return through

    return provide


@pytest.mark.parametrize(
    "test",
    [
        test_values.test_integers_of_every_width, test_values.test_texts_and_lists, test_values.test_a_mebibyte_of_numbers,
        test_values.test_options, test_values.test_structs_are_dataclasses, test_values.test_enums,
    ],
)
def test_kinds(kinds, mirrored, test):
    test(mirrored(kinds))


@pytest.mark.parametrize(
    "test",
    [
        test_values.test_maps_sets_times_paths_flags, test_values.test_what_a_method_changes,
        test_values.test_data_that_holds_objects, test_values.test_calls_inside_calls, test_values.test_closures_of_python,
        test_values.test_objects, test_values.test_values_of_python_are_let_go,
    ],
)
def test_every(every, mirrored, test):
    test(mirrored(every))


def test_results(kinds, mirrored):
    through = mirrored(kinds)
    assert through.divide(7, 2) == 3
    with pytest.raises(polyplug.Err) as raised:
        through.divide(1, -1)
    assert raised.value.value == kinds.types.KindsError.Refused("not by minus one")
    with pytest.raises(polyplug.Fault, match="divide by zero") as raised:
        through.divide(1, 0)
    assert raised.value.kind == "panicked"
    assert through.settle(polyplug.Err("no")) == "err no"
    assert through.forward(polyplug.Fault("a message")).message


def test_what_borrows_cannot_be_answered(every, mirrored):
    through = mirrored(every)
    with pytest.raises(polyplug.Fault, match="a text that borrows from the arguments cannot be answered by Python"):
        through.first_word("one two", "three")
