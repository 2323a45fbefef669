"""What the visitor may try next: a situation in, one sentence out. Pure."""

from collections.abc import Callable

import msgspec


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What a hint depends on: the state of one pad, and what has been tried so far."""

    power: bool = True
    starting: bool = False
    cable: bool = True
    time_server: bool = True
    open_invitation: bool = False
    thanking: bool = False
    thanked: int = 0
    waiting: int = 0
    strays: int = 0
    pulled: bool = False
    cut_while_waiting: bool = False
    lost_time: bool = False
    rated_in_1970: bool = False
    verified: bool = False


class Hint(msgspec.Struct, frozen=True):
    """A sentence in Chinese and English, and the part of the page that it is about."""

    id: str
    zh: str
    en: str
    target: str


RULES: tuple[tuple[Callable[[Situation], bool], Hint], ...] = (
    (
        lambda s: not s.power,
        Hint(
            "power-on",
            "重新接通电源：已致谢的评价都在卡上，一条也没丢",
            "Switch the power back on: every rating it thanked for is on the card",
            "power",
        ),
    ),
    (
        lambda s: s.starting,
        Hint(
            "starting",
            "评价器正在启动：先开账本，再等网络",
            "The pad is starting: the ledger first, the network later",
            "",
        ),
    ),
    (
        lambda s: s.open_invitation,
        Hint(
            "press",
            "替群众按一个键，看屏幕致谢",
            "Press a key for the citizen and watch the pad say thanks",
            "keys",
        ),
    ),
    (
        lambda s: s.thanked == 0,
        Hint(
            "invite",
            "从这里开始：窗口工作人员点“邀请评价”",
            "Start here: as the clerk, ask for a rating",
            "invite",
        ),
    ),
    (
        lambda s: s.waiting > 0 and s.cable,
        Hint(
            "delivering",
            "正在送往省级系统，收到回执才算送达",
            "On its way to the province; only a receipt counts as delivered",
            "province",
        ),
    ),
    (
        lambda s: s.cable and not s.pulled,
        Hint(
            "pull",
            "已送达省级系统。现在拔掉网线试试",
            "It has arrived. Now pull the network cable",
            "cable",
        ),
    ),
    (
        lambda s: not s.cable and not s.waiting,
        Hint(
            "rate-offline",
            "网线已拔。照常邀请、照常评价",
            "No network now. Invite and rate as if nothing had happened",
            "invite",
        ),
    ),
    (
        lambda s: not s.cable and not s.cut_while_waiting,
        Hint(
            "cut",
            "评价在本机等待。再狠一点：切断电源",
            "The rating waits on the pad. Be cruel: cut the power too",
            "power",
        ),
    ),
    (
        lambda s: not s.cable,
        Hint(
            "plug",
            "插回网线，看积压逐条送达，不多不少",
            "Plug the cable back in and watch the backlog arrive, exactly once",
            "cable",
        ),
    ),
    (
        lambda s: not s.strays,
        Hint(
            "stray",
            "没有邀请时按一下键：记录在案，绝不计入",
            "Press a key that nobody asked for: kept on record, never counted",
            "keys",
        ),
    ),
    (
        lambda s: s.time_server and not s.lost_time,
        Hint(
            "lose-time",
            "关掉“授时”：评价器重启后以为是 1970 年",
            "Switch the time server off: the pad restarts and believes it is 1970",
            "time",
        ),
    ),
    (
        lambda s: not s.time_server and not s.rated_in_1970,
        Hint(
            "rate-1970",
            "它不知道几点，也不假装知道。邀请并评价一次",
            "It does not know the time and does not pretend. Invite and rate once",
            "invite",
        ),
    ),
    (
        lambda s: not s.time_server,
        Hint(
            "find-time",
            "打开“授时”：省级系统按同一次开机补算时间",
            "Switch the time server on: the province dates the rating from the same boot",
            "time",
        ),
    ),
    (
        lambda s: not s.verified,
        Hint(
            "verify",
            "最后点“核验”：两端各自重算整条摘要链",
            "Last, verify: both ends check their digest chains again",
            "verify",
        ),
    ),
)

FREE = Hint(
    "free",
    "都看过了，一条不丢，一条不重。随意试吧",
    "You have seen it all: nothing lost, nothing doubled. Play on",
    "",
)


THANKED = Hint(
    "thanked",
    "先存盘，后致谢。3 秒内再按一次，可以改评",
    "Thanks comes only after the commit. Press again within 3 s to change it",
    "",
)
"""While the pad shows thanks, it takes no other invitation, and a press is a correction."""


def next_hint(situation: Situation) -> Hint:
    """The first hint that fits."""
    hint = next((hint for fits, hint in RULES if fits(situation)), FREE)
    if situation.thanking and hint.id != "press" and hint.target in ("invite", "keys"):
        return THANKED
    return hint
