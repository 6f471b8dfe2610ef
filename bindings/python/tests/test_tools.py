"""Tools, as a host writes them, and all that can go wrong in one."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import enum
import functools
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Sequence
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar
from unittest import mock

import cowork
import msgspec
import typing_extensions
from cowork import Arg, BusyError, CoworkError, InvalidInputError, ToolContext, ToolResult, UnavailableError, tool
from support import Story, calls, engine, outcomes

try:
    import pydantic
except ImportError:
    pydantic = None  # type: ignore[assignment]


T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Thing:
    pass


class Place(TypedDict):
    town: str
    at: list[float]


@dataclasses.dataclass
class Point:
    x: int
    about: str = ""


class Odd(str, enum.Enum):
    NULL = "null"
    ONE = "1"


Source = Annotated[pathlib.Path, Arg("What is read", role="reads")]


@dataclasses.dataclass
class Sourced:
    source: Source


class Named(NamedTuple):
    source: Source


@dataclasses.dataclass
class Of(Generic[T]):
    source: Source
    more: T


class InDict(typing_extensions.TypedDict):
    source: Source


NewSource = NewType("NewSource", Sourced)


class Spot(TypedDict):
    colour: Colour
    way: pathlib.Path


@tool(effects="read_only")
async def echo(value: Any) -> Any:
    return value


class AsUsersWrite(Story):
    def test_a_path_is_where_the_file_is(self) -> None:
        @tool(effects="read_only")
        def cat(path: Annotated[pathlib.Path, Arg(role="reads")], more: Annotated[list[pathlib.Path], Arg(role="reads")],
                name: Annotated[str, Arg(role="reads")], context: ToolContext | None = None) -> list[str]:
            assert context is not None
            return [path.read_text(), *[one.read_text() for one in more], name, pathlib.Path(context.paths[name]).read_text()]

        with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as place:
            pathlib.Path(place, "a.txt").write_text("mine")
            os.symlink("/etc", pathlib.Path(place, "out"))

            async def work() -> tuple[Any, Any]:
                file = "Desk/a.txt"
                good = {"path": file, "more": [file], "name": file}
                turns = [calls("cat", good, {**good, "path": "Desk/out/hostname"})]
                async with engine(cat, turns=turns, data_dir=data) as it:
                    first, second = outcomes(await it.run("go", folders=[await it.folder(place, name="Desk")]))
                    return first, second

            first, second = self.runs(work)
            self.assertEqual(first["value"], ["mine", "mine", "Desk/a.txt", "mine"])
            self.assertEqual((second["end"], second["error"]["kind"]), ("failed", "not_allowed"), second)

    def test_what_is_raised_is_told_and_logged_whatever_it_is(self) -> None:
        class Odd(Exception):
            def __str__(self) -> str:
                return self.args[5]

        @tool(effects="read_only")
        async def raises() -> None:
            raise Odd

        @tool(effects="read_only")
        def raises_too() -> None:
            raise Odd

        for one in (raises, raises_too):
            with self.assertLogs("cowork", "INFO") as logged:
                outcome = self.outcome(one)
            self.assertEqual(outcome["end"], "failed")
            self.assertIn("IndexError", outcome["error"]["message"])
            self.assertIn(f"the tool `{one.name}` raised", logged.output[0])

    def test_what_is_misspelt_is_refused(self) -> None:
        async def work() -> list[str]:
            async with engine(echo, turns=[]) as it:
                wrong = []
                for given in ({"budget": {"usd": 1}}, {"tools": ["ehco"]}):
                    with self.assertRaises(CoworkError) as raised:
                        await it.run("go", **given)  # type: ignore[arg-type]
                    wrong.append(raised.exception.message)
                return wrong

        budget, tools = self.runs(work)
        self.assertIn("unknown field `usd`, at /budget", budget)
        self.assertEqual(tools, "there is no tool `ehco`")
        function = echo.function
        for wrong in (lambda: tool("weather"), lambda: cowork.Cowork(tools=echo), lambda: tool(int), lambda: tool(effects="read")(function),  # type: ignore
                      lambda: tool(name="Echo!")(function), lambda: cowork.model(window="big")(function), lambda: tool(roles={"no": "reads"})(function)):  # type: ignore
            with self.assertRaises(InvalidInputError):
                wrong()

    def test_an_enum_is_its_value_and_a_planner_needs_no_brackets(self) -> None:
        @tool(effects="read_only")
        async def colour() -> Colour:
            return Colour.BLUE

        @cowork.planner
        async def once(view: Any) -> Any:
            turns = view["task"]["turns"]
            return {"finish": {"end": "done", "summary": turns[0]["calls"][0]["outcome"]["value"]}} if turns else calls("colour")

        async def work() -> Any:
            async with cowork.Cowork(tools=[colour], planners=[once]) as it:
                return await it.run("go")

        self.assertEqual(self.runs(work)["result"]["summary"], "blue")


class Declared(Story):
    def test_a_tool_says_what_its_function_says(self) -> None:
        @tool(effects="read_only")
        async def look(path: Annotated[str, Arg("Where it is", role="reads")], most: int = 3, how: Literal["a", "b"] = "a",
                       place: Optional[Place] = None, colours: list[Colour] = []) -> str:
            """Looks around.

            Args:
                path: Not this one.
                most: How many, at the
                    very most.
            """
            return path

        schema: Any = look.declaration["schema"]
        self.assertEqual(look.declaration["about"], "Looks around.")
        self.assertEqual(schema["required"], ["path"])
        self.assertEqual(schema["properties"]["path"], {"type": "string", "description": "Where it is", "x-cowork-role": "reads"})
        self.assertEqual(schema["properties"]["most"], {"type": "integer", "description": "How many, at the very most."})
        self.assertEqual(schema["properties"]["how"], {"enum": ["a", "b"]})
        self.assertEqual(schema["properties"]["place"], {"anyOf": [{"$ref": "#/$defs/Place"}, {"type": "null"}]})
        self.assertEqual(schema["properties"]["colours"], {"type": "array", "items": {"$ref": "#/$defs/Colour"}})
        self.assertEqual(schema["$defs"]["Colour"]["enum"], ["blue", "red"])
        self.assertEqual(schema["$defs"]["Place"]["required"], ["at", "town"])

    def test_a_tool_can_still_be_called(self) -> None:
        @tool
        def double(n: int) -> int:
            return 2 * n

        self.assertEqual(double(4), 8)

    def test_a_schema_that_no_hint_gives_is_refused_with_what_to_do(self) -> None:
        def untyped(n): ...  # type: ignore[no-untyped-def]
        def many(*n: int) -> None: ...
        def complex_one(n: complex) -> None: ...
        def unknown(n: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821
        def any_path(n: os.PathLike[str]) -> None: ...
        def either(n: Colour | str) -> None: ...

        def thing(n: Thing) -> None: ...

        with mock.patch.dict(sys.modules):
            for function in (untyped, many, complex_one, unknown, any_path, either, thing):
                # Pydantic knows some of them; nothing knows a thing.
                if function is not thing:
                    sys.modules.pop("pydantic", None)
                elif pydantic is not None:
                    sys.modules["pydantic"] = pydantic
                with self.subTest(function.__name__):
                    with self.assertRaises(InvalidInputError) as wrong:
                        tool(function)
                    self.assertIn(function.__name__, str(wrong.exception))
                    self.assertTrue(wrong.exception.fix)

    def test_a_schema_of_its_own_takes_all_arguments_as_they_are(self) -> None:
        @tool(schema={"type": "object", "properties": {"n": {"type": "integer"}}}, effects="read_only")
        async def any_(ctx: ToolContext, **args: Any) -> Any:
            return args

        self.assertEqual(self.outcome(any_, n=1, m=[2])["value"], {"n": 1, "m": [2]})

    def test_arguments_are_what_their_types_say(self) -> None:
        seen: list[Any] = []

        @tool(effects="read_only")
        async def take(colour: Colour, path: Optional[pathlib.Path] = None, all: list[Colour] = []) -> None:
            seen.extend((colour, path, all))

        self.assertEqual(self.outcome(take, colour="red", path="/a", all=["blue"])["end"], "done")
        self.assertEqual(seen, [Colour.RED, pathlib.Path("/a"), [Colour.BLUE]])

    def test_a_whole_number_is_one_however_it_is_written(self) -> None:
        seen: list[Any] = []

        @tool(effects="read_only")
        async def take(n: int) -> None:
            seen.extend((type(n), n))

        self.assertEqual(self.outcome(take, n=3.0)["end"], "done")
        self.assertEqual(seen, [int, 3])

    def test_what_is_more_than_json_is_what_its_type_says_however_deep(self) -> None:
        seen: list[Any] = []

        @tool(effects="read_only")
        async def take(spot: Spot, by: dict[str, Colour], all: set[str], on: datetime.date, ways: Sequence[pathlib.Path], sizes: dict[int, float],
                       point: Point, odd: object = None, least: Annotated[int, msgspec.Meta(ge=1)] = 1) -> None:
            seen.extend((spot, by, all, on, ways, sizes, point, odd))

        given = {"spot": {"colour": "red", "way": "/a"}, "by": {"a": "blue"}, "all": ["x", "y"], "on": "2026-11-23", "ways": ["/b"],
                 "sizes": {"1": 2}, "point": {"x": 1.0, "about": "here"}, "odd": {"n": [1]}}
        self.assertEqual(self.outcome(take, **given)["end"], "done")
        spot = {"colour": Colour.RED, "way": pathlib.Path("/a")}
        self.assertEqual(seen, [spot, {"a": Colour.BLUE}, {"x", "y"}, datetime.date(2026, 11, 23), [pathlib.Path("/b")], {1: 2.0},
                                Point(1, "here"), {"n": [1]}])
        for wrong in ({"on": "soon"}, {"least": 0}, {"sizes": {"one": 1}}, {"all": "xy"}):
            self.assertEqual(self.outcome(take, **{**given, **wrong})["error"]["kind"], "invalid_input", wrong)
        self.assertEqual(take.declaration["schema"]["$defs"]["Point"]["properties"]["x"], {"type": "integer"})

    def test_a_text_is_a_text_though_it_could_be_read_as_something_else(self) -> None:
        seen: list[Any] = []

        @tool(effects="read_only")
        async def take(one: Odd | None, two: int | Odd, three: Literal["null", "x"] | None, four: datetime.date | None = None) -> None:
            seen.extend((one, two, three))

        self.assertEqual(self.outcome(take, one="null", two="1", three="null")["end"], "done")
        self.assertEqual(seen, [Odd.NULL, Odd.ONE, "null"])
        self.assertEqual(self.outcome(take, one=None, two=1.0, three=None, four="null")["error"]["kind"], "invalid_input")
        self.assertEqual(self.outcome(take, one=None, two=2.0, three=None)["end"], "done")
        self.assertEqual(seen[3:], [None, 2, None])

    def test_a_role_counts_wherever_it_is_said_or_is_refused(self) -> None:
        def optional(p: Source | None = None) -> str:
            return str(p)

        def several(p: list[Source], q: Annotated[tuple[str, str], Arg(role="changes")] = ("", "")) -> None: ...

        good: dict[str, Any] = {"p": ["Desk/a"], "q": ["Desk/a", "Desk/a"]}
        changes, reads = tool(effects="changes")(several), tool(effects="read_only", roles={"q": "reads"})(several)
        for one, given in [(tool(effects="read_only")(optional), {"p": "/etc/passwd"}), (changes, {**good, "p": ["/etc/passwd"]}),
                           (changes, {**good, "q": ["Desk/a", "/etc/passwd"]}), (reads, {**good, "q": ["Desk/a", "/etc/passwd"]})]:
            error = self.outcome(one, **given)["error"]
            self.assertEqual((error["kind"], error["op"]), ("invalid_input", "read path"))
        # Two roles that do not agree are said of `q`, unless the one that is said beside it counts.
        with self.assertRaisesRegex(InvalidInputError, "changes nothing, it says"):
            tool(effects="read_only")(several)

        def in_dict(p: dict[str, Source]) -> None: ...
        def of_dict(p: Annotated[dict[str, str], Arg(role="reads")]) -> None: ...
        def in_class(p: Sourced) -> None: ...
        def number(p: Annotated[int, Arg(role="reads")]) -> None: ...
        def maybe_number(p: Annotated[int | str, Arg(role="reads")]) -> None: ...
        def deep(p: list[list[Source]]) -> None: ...
        def default(p: str = Arg("A file", role="reads")) -> None: ...  # type: ignore[assignment]
        def two(p: Annotated[Source, Arg(role="changes")]) -> None: ...
        def two_deep(p: Annotated[list[Source], Arg(role="changes")]) -> None: ...
        def examples(examples: dict[str, Source], default: str = "") -> None: ...

        for function in (in_dict, of_dict, in_class, number, maybe_number, deep, default, two, two_deep, examples):
            with self.subTest(function.__name__), self.assertRaises(InvalidInputError):
                tool(function)

    def test_names_that_nobody_needs_need_not_be_known(self) -> None:
        def gives(n: int) -> Nowhere: ...  # type: ignore[name-defined]  # noqa: F821
        def takes(n: Nowhere, context: ToolContext) -> str:  # type: ignore[name-defined]  # noqa: F821
            return context.call

        self.assertEqual(tool(gives).declaration["schema"]["required"], ["n"])
        own = tool(effects="read_only", schema={"type": "object"})(takes)
        self.assertEqual(self.outcome(own, n=1)["end"], "done")
        with self.assertRaisesRegex(InvalidInputError, "of `n`, name 'Nowhere' is not defined"):
            tool(takes)

    def test_what_is_said_of_a_function_is_found_behind_what_calls_it(self) -> None:
        def add(n: int, m: int) -> int:
            """Adds."""
            return n + m

        class Adder:
            def __call__(self, n: int) -> int:
                """Adds one."""
                return n + 1

            def method(self, n: int) -> int: ...

        part, object = tool(functools.partial(add, m=1)).declaration, tool(Adder()).declaration
        self.assertEqual((part["name"], part["about"], object["name"], object["about"]), ("add", "Adds.", "adder", "Adds one."))
        with self.assertRaisesRegex(InvalidInputError, "tool\\(it.method\\)"):
            tool(Adder.method)

    def test_a_result_may_be_nothing_with_a_note(self) -> None:
        @tool(effects="read_only")
        async def nothing() -> ToolResult:
            return ToolResult(None, note="nothing found")

        outcome = self.outcome(nothing)
        self.assertEqual((outcome["end"], outcome["value"], outcome["note"]), ("done", None, "nothing found"))

    def test_a_function_may_be_any_that_can_be_called_and_give_what_is_awaited(self) -> None:
        async def inner(n: int) -> int:
            await asyncio.sleep(0)
            return n + 1

        class Adder:
            def __call__(self, n: int) -> int:
                return n + 2

        def behind(n: int) -> Any:
            return inner(n)

        class Slow:
            async def __call__(self, n: int) -> int:
                return await inner(n)

        class Wrapped:
            def __init__(self, function: Any) -> None:
                functools.update_wrapper(self, function)

            def __call__(self, *args: Any, **given: Any) -> Any:
                return inner(*args, **given)

        all = ((behind, 2), (Adder(), 3), (functools.partial(inner), 2), (Slow(), 2), (Wrapped(inner), 2))
        for function, sum in all:
            self.assertEqual(self.outcome(tool(name="add", effects="read_only")(function), n=1)["value"], sum)

    @unittest.skipIf(pydantic is None, "pydantic is not installed")
    def test_pydantic_models_of_one_name_are_two_and_bounds_that_would_be_lost_are_refused(self) -> None:
        def made(of: Any) -> Any:
            inner = pydantic.create_model("Inner", v=(of, ...))
            return pydantic.create_model("Outer", inner=(inner, ...))

        def take(a: Any, b: Any) -> str:
            return f"{type(a.inner.v).__name__} {type(b.inner.v).__name__}"

        take.__annotations__ = {"a": made(int), "b": made(str)}
        given = {"a": {"inner": {"v": 1}}, "b": {"inner": {"v": "x"}}}
        self.assertEqual(self.outcome(tool(effects="read_only")(take), **given)["value"], "int str")
        take.__annotations__ = {"a": Annotated[int, pydantic.Field(ge=1)], "b": str}
        with self.assertRaisesRegex(InvalidInputError, "msgspec.Meta"):
            tool(take)

    @unittest.skipIf(pydantic is None, "pydantic is not installed")
    def test_what_pydantic_would_not_keep_to_is_refused_however_deep(self) -> None:
        def take(p: Any) -> None: ...

        inner = pydantic.create_model("Inner", path=(Source, ...))
        fields = {"own": Source, "in_list": list[Source], "in_model": Optional[inner], "in_dataclass": list[Sourced], "in_tuple": Named, "in_generic": Of[int],
                  "in_dict": InDict, "in_new_type": NewSource, "bound": Annotated[int, msgspec.Meta(ge=1)]}
        for name, of in fields.items():
            take.__annotations__ = {"p": list[pydantic.create_model("Outer", **{name: (of, ...)})]}  # type: ignore
            with self.subTest(name), self.assertRaisesRegex(InvalidInputError, "pydantic.Field"):
                tool(take)
        take.__annotations__ = {"p": "Late"}
        globals()["Late"] = late = type("Late", (pydantic.BaseModel,), {"__annotations__": {"late": "Later"}, "__module__": __name__})
        globals()["Later"] = type("Later", (pydantic.BaseModel,), {"__annotations__": {"path": Source}, "__module__": __name__})
        self.addCleanup(lambda: [globals().pop(name) for name in ("Late", "Later")])
        self.assertFalse(late.__pydantic_complete__)  # type: ignore
        with self.assertRaisesRegex(InvalidInputError, "pydantic.Field"):
            tool(take)

    @unittest.skipIf(pydantic is None, "pydantic is not installed")
    def test_pydantic_models_are_parameters_and_results(self) -> None:
        class Line(pydantic.BaseModel):
            what: str
            price: float = pydantic.Field(gt=0)

        class Order(pydantic.BaseModel):
            lines: list[Line]

        globals().update(Line=Line, Order=Order)
        self.addCleanup(lambda: [globals().pop(name) for name in ("Line", "Order")])

        @tool(effects="read_only")
        async def total(order: Order, more: Optional[list[Line]] = None) -> Line:
            assert isinstance(order.lines[0], Line)
            return Line(what="all", price=sum(line.price for line in order.lines + (more or [])))

        lines = [{"what": "tea", "price": 2.5}]
        self.assertEqual(self.outcome(total, order={"lines": lines}, more=lines)["value"], {"what": "all", "price": 5.0})
        wrong = self.outcome(total, order={"lines": [{"what": "tea", "price": -1}]})["error"]
        self.assertEqual(wrong["kind"], "invalid_input")


class GoesWrong(Story):
    def test_what_a_tool_throws_is_its_calls_failure(self) -> None:
        @tool(effects="read_only")
        async def fails() -> None:
            raise ValueError("no such thing")

        @tool(effects="read_only")
        def fails_at_once() -> None:
            raise KeyError("gone")

        error = self.outcome(fails)["error"]
        self.assertEqual((error["kind"], error["message"], error["context"]), ("internal", "ValueError: no such thing", [["type", "ValueError"]]))
        self.assertEqual(self.outcome(fails_at_once)["error"]["context"], [["type", "KeyError"]])

    def test_an_error_of_ours_keeps_its_kind_and_facts(self) -> None:
        @tool(effects="read_only")
        async def prints() -> None:
            raise UnavailableError("the printer is out of paper", op="print", retry="now", context=[("tray", "2")], fix="add some")

        error = self.outcome(prints)["error"]
        self.assertEqual((error["kind"], error["op"], error["retry"]), ("unavailable", "print", "now"))
        self.assertEqual(error["context"], [["tray", "2"], ["fix", "add some"]])

    def test_an_error_of_ours_that_holds_more_than_text_is_told_as_text(self) -> None:
        class Halved(BusyError):
            def __init__(self) -> None:
                Exception.__init__(self, "made otherwise")

        loose: Any = {"context": [("path", pathlib.Path("a.txt")), ("n", 3)]}
        for why, wanted in (
            (BusyError("no such file", **loose), ("busy", "no such file", [["path", "a.txt"], ["n", "3"]])),
            (BusyError(ValueError("x")), ("busy", "x", None)),  # type: ignore[arg-type]
            (BusyError("half \ud83d"), ("busy", "half \ufffd", None)),
            (Halved(), ("internal", "Halved: made otherwise", [["type", "Halved"]])),
        ):
            @tool(effects="read_only")
            def fails() -> None:
                raise why

            @tool(effects="read_only")
            async def fails_later() -> None:
                raise why

            for one in (fails, fails_later):
                error = self.outcome(one)["error"]
                self.assertEqual((error["kind"], error["message"], error.get("context")), wanted)

    def test_what_is_not_json_fails_its_call_and_nothing_else(self) -> None:
        deep: list[Any] = []
        for _ in range(5000):
            deep = [deep]
        odd = [object(), (n for n in "ab"), {"a": [range(3)]}, {complex(1)}, float("nan"), float("inf"), 2**64, -(2**63) - 1, "\ud83d", {1: {2: object()}}, deep, b"x", {"a": {1, b"x"}}, {"\udc00": 1}, [float("nan"), None]]
        for value in odd:
            @tool(effects="read_only")
            def gives() -> Any:
                return value

            @tool(effects="read_only")
            async def gives_later() -> Any:
                return value

            for one in (gives, gives_later):
                with self.subTest(type(value).__name__, of=one.name):
                    outcome = self.outcome(one)
                    self.assertEqual(outcome["end"], "failed")
                    self.assertEqual(outcome["error"]["kind"], "invalid_input", outcome["error"])

    def test_what_is_json_goes_there_and_back(self) -> None:
        for value in (2**63, 2**64 - 1, -(2**63), 0.1, 1e308, "😀 \u0000 \u2028", "x" * 10_000_000, None, True, {"": [{}], "n": None}, [[]] * 1000):
            with self.subTest(repr(value)[:40]):
                self.assertEqual(self.outcome(echo, value=value)["value"], value)

    def test_what_a_planner_gives_is_checked_too(self) -> None:
        async def work(args: Any) -> Any:
            async with engine(echo, turns=[calls("echo", args)]) as it:
                return await it.run("go")

        for value in (float("nan"), 2**64, "\ud83d", object()):
            with self.subTest(repr(value)), self.assertRaises(InvalidInputError):
                self.runs(lambda: work({"value": value}))

    def test_arguments_that_do_not_fit_never_reach_the_tool(self) -> None:
        @tool(effects="read_only")
        async def take(n: int) -> None:
            raise AssertionError("it was called")

        for args in ({"n": "one"}, {}, {"n": 1, "m": 2}):
            self.assertEqual(self.outcome(take, **args)["error"]["kind"], "invalid_input")

    def test_a_tool_with_a_schema_of_its_own_is_given_whatever_is_called(self) -> None:
        seen: list[Any] = []

        @tool(schema={"type": "object"}, effects="read_only", name="any")
        async def anything(ctx: ToolContext, **args: Any) -> Any:
            seen.append(ctx.args)
            return args

        given = {name: 1 for name in ("self", "bridge", "number", "args", "work", "function")}
        self.assertEqual(self.outcome(anything, **given)["value"], given)
        self.assertEqual(seen, [given])

    def test_a_tool_that_blocks_the_loop_only_takes_its_time(self) -> None:
        @tool(effects="read_only")
        async def blocks() -> str:
            time.sleep(0.3)
            return "there"

        self.assertEqual(self.outcome(blocks)["value"], "there")

    def test_system_exit_in_a_tool_is_its_failure(self) -> None:
        @tool(effects="read_only")
        def leaves() -> None:
            raise SystemExit(3)

        self.assertEqual(self.outcome(leaves)["error"]["context"], [["type", "SystemExit"]])


class Runs(Story):
    def test_twenty_tools_are_under_way_at_once(self) -> None:
        for kind in ("async", "sync"):
            barrier, there = threading.Barrier(20, timeout=20), asyncio.Event()
            count = 0

            @tool(effects="read_only")
            async def meets() -> None:
                nonlocal count
                count += 1
                if count == 20:
                    there.set()
                await there.wait()

            @tool(effects="read_only", name="meets")
            def meets_in_threads() -> None:
                barrier.wait()

            async def work() -> Any:
                one = meets if kind == "async" else meets_in_threads
                async with engine(one, turns=[calls("meets", *[{}] * 20)]) as it:
                    return outcomes(await it.run("go"))

            with self.subTest(kind):
                self.assertEqual([outcome["end"] for outcome in self.runs(work)], ["done"] * 20)

    def test_a_cancelled_task_cancels_the_coroutine_at_once(self) -> None:
        async def work() -> float:
            began, stopped = asyncio.Event(), asyncio.Event()

            @tool(effects="read_only")
            async def hangs() -> None:
                began.set()
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    stopped.set()

            async with engine(hangs) as it:
                task = await it.start("go")
                await began.wait()
                at = time.monotonic()
                await task.cancel()
                await stopped.wait()
                took = time.monotonic() - at
                self.assertEqual((await task)["status"], "cancelled")
                return took

        took = self.runs(work)
        print(f"\n    a cancelled task reached its coroutine after {took * 1000:.1f} ms (meant: 200)")
        self.assertLess(took, 5)

    def test_to_cancel_run_cancels_the_task(self) -> None:
        async def work() -> None:
            began, stopped = asyncio.Event(), asyncio.Event()

            @tool(effects="read_only")
            async def hangs() -> None:
                began.set()
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    stopped.set()

            async with engine(hangs) as it:
                running = asyncio.create_task(it.run("go"))
                await began.wait()
                running.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await running
                await stopped.wait()
                (summary,) = await it.tasks()
                self.assertEqual((await it.settled(summary["task"]))["status"], "cancelled")

        self.runs(work)

    def test_run_that_is_cancelled_before_it_began_leaves_no_task_running(self) -> None:
        async def work() -> None:
            async with engine(echo, turns=[calls("echo", {"value": 1})]) as it:
                running = asyncio.create_task(it.run("go"))
                await asyncio.sleep(0)
                running.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await running
                for summary in await it.tasks():
                    self.assertIn((await it.settled(summary["task"]))["status"], ("cancelled", "done"))

        self.runs(work)

    def test_a_function_in_a_thread_is_told_that_nobody_waits(self) -> None:
        async def work() -> None:
            began, ended = threading.Event(), threading.Event()

            @tool(effects="read_only")
            def blocks(ctx: ToolContext) -> None:
                self.assertFalse(ctx.cancelled)
                began.set()
                while not ctx.cancelled:
                    time.sleep(0.001)
                ended.set()

            async with engine(blocks) as it:
                task = await it.start("go")
                await asyncio.to_thread(began.wait)
                await task.cancel()
                self.assertTrue(await asyncio.to_thread(ended.wait, 10))

        self.runs(work)

    def test_progress_is_shown_and_the_context_says_which_call_it_is(self) -> None:
        async def work() -> Any:
            seen: list[ToolContext] = []

            @tool(effects="read_only")
            async def slow(ctx: ToolContext) -> ToolResult:
                seen.append(ctx)
                self.assertTrue(ctx.progress(1, 2, "half"))
                await asyncio.sleep(0.05)
                return ToolResult(7, note="seven")

            async with engine(slow) as it:
                task = await it.start("go")
                shown = [delta["what"] async for delta in task.deltas() if delta["what"]["type"] == "progress"]
                (outcome,) = outcomes(await task)
            (ctx,) = seen
            self.assertEqual((ctx.task, ctx.attempt), (task.id, 1))
            self.assertFalse(ctx.progress(2, 2), "a call that has ended is shown to nobody")
            self.assertEqual((outcome["value"], outcome["note"]), (7, "seven"))
            return shown

        self.assertEqual(self.runs(work), [{"type": "progress", "done": 1, "total": 2, "note": "half"}])

    def test_odd_progress_is_refused_in_the_tool(self) -> None:
        for done in (-1, 2**64):
            @tool(effects="read_only")
            async def odd(ctx: ToolContext) -> None:
                ctx.progress(done)

            with self.subTest(done):
                self.assertEqual(self.outcome(odd)["error"]["context"], [["type", "OverflowError"]])

    def test_a_tool_that_ends_after_the_engine_is_closed_harms_nobody(self) -> None:
        async def work() -> None:
            began, go, ended = threading.Event(), threading.Event(), threading.Event()
            told: list[bool] = []

            @tool(effects="read_only")
            def late(ctx: ToolContext) -> str:
                began.set()
                go.wait(20)
                told.append(ctx.progress(1))
                threading.Timer(0.05, ended.set).start()
                return "too late"

            it = engine(late)
            await it.start("go")
            await asyncio.to_thread(began.wait)
            await it.close()
            go.set()
            self.assertTrue(await asyncio.to_thread(ended.wait, 10))
            self.assertEqual(told, [False])
            with self.assertRaises(CoworkError) as closed:
                await it.tasks()
            self.assertEqual((closed.exception.kind, closed.exception.fact("state")), ("cancelled", "closed"))

        self.runs(work)
