"""Where libzmq cannot be followed, or is left on purpose: a table of calls that are
left out or prepared for, and one of results that may differ."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

from .interpreter import Entry
from .programs import Operation, Program
from .world import World

POLLIN, POLLOUT = 1, 2
PUBLISHERS = {"PUB", "XPUB"}
SUBSCRIBERS = {"SUB", "XSUB"}
NAMERS = {"ROUTER", "REP"}  # know their peers by name
#: EVENTS of these may take a message from its pipe, which then is theirs.
PREFETCHING = SUBSCRIBERS | NAMERS | {"REQ"}
ENDING = {"disconnect", "unbind"}
SENDERS = {"send", "send_multipart", "fill"}
ENVELOPING = {"REQ", "REP"}  # what they send begins with other frames
LEAVING = ENDING | {"close", "reopen"}
GREETINGS = {"PROBE_ROUTER", "XPUB_WELCOME_MSG"}
FILTERS = {"SUBSCRIBE", "UNSUBSCRIBE", "INVERT_MATCHING"}
NAMES = {"ROUTING_ID", "CONNECT_ROUTING_ID"}

Condition = Callable[[World, Operation], bool]


class Exclusion(NamedTuple):
    """An operation that a program does not get to run, or not at once."""

    reason: str
    applies: Condition
    #: Who has to receive everything first; None: the operation is left out.
    drained: Optional[Callable[[World, Operation], list[int]]] = None


# Conditions.


def _sets(operation: Operation, *options: str) -> bool:
    return operation[0] == "set" and operation[2] in options


def _mismatched(world: World, operation: Operation) -> bool:
    kinds = [{world.kinds[a], world.kinds[b]} for a, b in world.joins(operation)]
    return any(pair & SUBSCRIBERS and not pair & PUBLISHERS for pair in kinds)


def _crowds(world: World, operation: Operation) -> bool:
    joins = world.joins(operation)
    ends = [number for pair in [*joins, *world.links] for number in pair]
    if operation[0] != "bind":
        ends += [who for who, _ in world.connected]
    if operation[0] == "connect" and not joins:
        ends.append(operation[1])
    return any(ends.count(number) > 2 for number in ends)


def _drops_fetched(world: World, operation: Operation) -> bool:
    drops = operation[0] in ENDING or _sets(operation, *FILTERS)
    return drops and world.kind(operation) in PREFETCHING


def _cuts_message(world: World, operation: Operation) -> bool:
    if operation[0] not in LEAVING:
        return False
    ends = {operation[1], *world.peers(operation[1])} & world.inside
    return any(world.kinds[end] in ("PAIR", "DEALER", "REQ") for end in ends)


def _gives_up(world: World, operation: Operation) -> bool:
    return operation[0] in ENDING and operation[1:] in world.connected


def _pairs_met(world: World, operation: Operation) -> list[int]:
    joined = {number for pair in world.joins(operation) for number in pair}
    return [n for n in sorted(joined & world.met) if world.kinds[n] == "PAIR"]


def _fed_by_others(world: World, operation: Operation) -> list[int]:
    """Sockets that may have fetched a message, and get one from another peer."""
    name, number, *_ = operation
    pairs = world.joins(operation)
    if name in SENDERS:
        pairs = [(number, peer) for peer in world.peers(number)]
    return [
        end
        for pair in pairs
        for end, other in (pair, pair[::-1])
        if world.kinds[end] in PREFETCHING and world.fed.get(end, other) != other
    ]


def _awaits_name(world: World, operation: Operation) -> bool:
    return any(world.kinds[one] in NAMERS for one, _ in world.joins(operation))


def _names_twice(world: World, operation: Operation) -> bool:
    if not _sets(operation, *NAMES):
        return False
    option, value = operation[2:]
    given = {name for name in NAMES if (name, value) in world.named}
    return bool(given) and given | {option} != {"ROUTING_ID"}


def _subscribes_within(world: World, operation: Operation) -> bool:
    name, number, *arguments = operation
    if world.kind(operation) in PUBLISHERS or name not in SENDERS:
        return False
    frames = arguments[0] if name == "send_multipart" else arguments[:1]
    more = name == "send" and arguments[1] or world.kind(operation) in ENVELOPING
    within = len(frames) > 1 or more or number in world.inside
    return within and any(
        isinstance(frame, tuple) and frame[0][:1] in (b"\0", b"\1") for frame in frames
    )


def _marks_nobody(world: World, operation: Operation) -> bool:
    waiting = [who for who, _ in world.connected]
    return _sets(operation, "SNDHWM", "RCVHWM") and operation[1] in waiting


EXCLUSIONS = (
    # Deliberate, see docs/differences.md.
    Exclusion(
        "an endpoint that can never be connected to is EINVAL",
        lambda world, op: op[0] == "connect" and op[2] == "tcp://:5555",
    ),
    Exclusion(
        "CONNECT_ROUTING_ID has at most 255 bytes, as libzmq's manual has it",
        lambda world, op: (
            _sets(op, "CONNECT_ROUTING_ID")
            and isinstance(op[3], bytes)
            and len(op[3]) > 255
        ),
    ),
    Exclusion(
        "PAIR takes another peer at once; libzmq when all of the last one was read",
        lambda world, op: bool(_pairs_met(world, op)),
        _pairs_met,
    ),
    Exclusion(
        "a subscription in a longer message has a notice of its own; libzmq makes it "
        "a frame of the message, or leaves the message without an end",
        lambda world, op: (
            bool({"XSUB", *PUBLISHERS} & set(world.kinds))
            and _subscribes_within(world, op)
        ),
    ),
    Exclusion(
        "when a peer leaves in the middle of a message the rest is swallowed; libzmq "
        "also refuses a frame first, or gives the rest to the next peer",
        _cuts_message,
    ),
    Exclusion(
        "a HEARTBEAT_TTL below 0 is refused; libzmq divides by 100 first",
        lambda world, op: (
            _sets(op, "HEARTBEAT_TTL") and isinstance(op[3], int) and -100 < op[3] < 0
        ),
    ),
    Exclusion(
        "a SOCKS_PROXY is read back whatever its length; pyzmq has room for 255 bytes",
        lambda world, op: (
            _sets(op, "SOCKS_PROXY") and isinstance(op[3], bytes) and len(op[3]) > 254
        ),
    ),
    # Nobody's promise.
    Exclusion("inproc has no handshake that would refuse it", _mismatched),
    Exclusion("whose turn it is among three peers and more", _crowds),
    Exclusion(
        "a message that EVENTS has fetched outlives its connection or its topic",
        _drops_fetched,
        lambda world, op: [op[1]],
    ),
    Exclusion(
        "whose turn it is after EVENTS has fetched a message",
        lambda world, op: bool(_fed_by_others(world, op)),
        _fed_by_others,
    ),
    # Faults of libzmq.
    Exclusion(
        "it aborts when a name is bound that a ROUTER or REP has given up waiting "
        "for; a PAIR that gave up takes no other peer",
        lambda world, op: world.kind(op) in NAMERS | {"PAIR"} and _gives_up(world, op),
    ),
    Exclusion(
        "it aborts when XPUB_WELCOME_MSG is for who has given up waiting for the name",
        lambda world, op: (
            op[0] == "bind" and op[2] in world.left and world.kind(op) in PUBLISHERS
        ),
    ),
    Exclusion(
        "it aborts when a PAIR that is bound refuses a ROUTER or REP that waited",
        lambda world, op: (
            world.kind(op) == "PAIR"
            and len(world.joins(op)) > 1
            and _awaits_name(world, op)
        ),
    ),
    Exclusion("it aborts on a CONNECT_ROUTING_ID that is taken", _names_twice),
    Exclusion(
        "with ROUTER_MANDATORY a REP aborts when its requester is gone",
        lambda world, op: _sets(op, "ROUTER_MANDATORY") and world.kind(op) == "REP",
    ),
    Exclusion(
        "a ROUTER or REP that waited takes the binder's greeting for its name",
        lambda world, op: (
            op[0] == "bind"
            and bool(GREETINGS & set(world.options[op[1]]))
            and _awaits_name(world, op)
        ),
    ),
    Exclusion(
        "to a mark set before the name is bound it adds the 1000 of a peer that is "
        "not there, and forgets the change when one is",
        _marks_nobody,
    ),
    Exclusion(
        "when a receiver changes its mark it forgets the sender's",
        lambda world, op: _sets(op, "RCVHWM") and bool(world.peers(op[1])),
    ),
)


def admitted(program: Program) -> Program:
    """The program without what is excluded."""
    world = World(program.kinds)
    operations: list[Operation] = []
    for operation in program.operations:
        for step in _steps(world, operation):
            operations.append(step)
            world.apply(step)
    return program._replace(operations=tuple(operations))


def _steps(world: World, operation: Operation) -> list[Operation]:
    found = [one for one in EXCLUSIONS if one.applies(world, operation)]
    if any(one.drained is None for one in found):
        return []
    first = {n for one in found if one.drained for n in one.drained(world, operation)}
    return [*(("drain", number) for number in sorted(first)), operation]


# What may differ.


class Allowance(NamedTuple):
    """EVENTS of a socket that libzmq and we see differently."""

    reason: str
    applies: Callable[[World, int], bool]
    differ: int  # of POLLIN and POLLOUT, where libzmq's and ours may
    #: Which of the two may say so alone.
    theirs: bool


ALLOWANCES = (
    Allowance(
        "libzmq says POLLOUT for a peer that has left, while it has not read all of it",
        lambda world, number: (
            world.kinds[number] == "ROUTER"
            and number in world.met
            and "ROUTER_MANDATORY" in world.options[number]
        ),
        POLLOUT,
        theirs=True,
    ),
    Allowance(
        "libzmq says POLLIN for what it will throw away",
        lambda world, number: world.kinds[number] in ("REQ", "REP"),
        POLLIN,
        theirs=True,
    ),
    Allowance(
        "in the middle of a message there always is room; libzmq denies it when the "
        "message has no receiver",
        lambda world, number: (
            world.kinds[number] == "ROUTER" and number in world.inside
        ),
        POLLOUT,
        theirs=False,
    ),
)

#: Once in some thousand calls pyzmq reads errno too late.
LOST = ("error", "0")
#: libzmq may not have noticed that the peer is gone, since these do not read.
UNAWARE = ("REQ", "REP", "PAIR")


def difference(
    program: Program, oracle: list[Entry], ours: list[Entry]
) -> Optional[tuple[Entry, Entry]]:
    """The first entries of two transcripts that do not agree."""
    world = World(program.kinds)
    if len(oracle) != len(ours):
        return oracle[-1], ours[-1]
    for theirs, our in zip(oracle, ours):
        if theirs[0] != "end":
            world.apply(theirs[0])
        if theirs != our and not _may_differ(world, theirs, our):
            return theirs, our
    return None


def _may_differ(world: World, theirs: Entry, ours: Entry) -> bool:
    if theirs[0] == "end":
        return False
    (operation, one, states), (_, other, our_states) = theirs, ours
    pairs = enumerate(zip(states, our_states))
    return (one == other or _result_may_differ(world, operation, one, other)) and all(
        a == b or _events_may_differ(world, number, a, b) for number, (a, b) in pairs
    )


def _result_may_differ(
    world: World, operation: Operation, theirs: Entry, ours: Entry
) -> bool:
    if theirs == LOST and ours[0] == "error":
        return True
    if operation[0] in ENDING and world.kind(operation) in UNAWARE:
        return (theirs, ours) == (("ok", None), ("error", "ENOENT"))
    if operation[0] in ("poll", "events"):
        return _events_may_differ(world, operation[1], theirs, ours)
    return False


def _events_may_differ(world: World, number: int, theirs: Entry, ours: Entry) -> bool:
    if theirs[0] != "ok" or ours[0] != "ok":
        return False
    a, b = theirs[1], ours[1]
    return any(
        rule.applies(world, number)
        and a ^ b == rule.differ
        and bool(a & rule.differ) == rule.theirs
        for rule in ALLOWANCES
    )
