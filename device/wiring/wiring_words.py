"""The texts of wiring tables and drawings, in English and Chinese. Pure."""

from typing import NamedTuple

from sync.entries import Level


class Text(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str


def both(text: str) -> Text:
    """A text that is the same in both languages, such as a pin's name."""
    return Text(text, text)


PARTS = {
    "display": Text("display", "显示屏"),
    "key": Text("key", "按键"),
    "light": Text("light", "按键灯"),
    "beeper": Text("beeper", "蜂鸣器"),
}
"""The parts by their names in `PinClaim`, in the order in which they are wired."""

LEVELS = {
    Level.VERY_SATISFIED: Text("very satisfied", "非常满意"),
    Level.SATISFIED: Text("satisfied", "满意"),
    Level.BASICALLY_SATISFIED: Text("basically satisfied", "基本满意"),
    Level.DISSATISFIED: Text("dissatisfied", "不满意"),
    Level.VERY_DISSATISFIED: Text("very dissatisfied", "非常不满意"),
}

POWER = {"3V3": both("3.3 V"), "5V": both("5 V"), "GND": Text("ground", "地线")}

ON_DISPLAY = {
    "SDA": both("SDA"),
    "SCL": both("SCL"),
    "SCLK": both("D0 (SCLK)"),
    "MOSI": both("D1 (MOSI)"),
    "CE0": both("CS"),
    "CE1": both("CS"),
    "CE2": both("CS"),
    "data/command": both("DC"),
    "reset": both("RES"),
    "3V3": both("VCC (3.3 V)"),
    "GND": both("GND"),
}
"""A display's wires, named as they are printed on common modules."""

NO_NOTE = both("")

DISPLAY_NOTES = {
    "3V3": Text("only 3.3 V: 5 V here can destroy the board", "只接 3.3 V；接 5 V 可能烧毁主板"),
    "SDA": Text("wires up to 30 cm", "导线不超过 30 cm"),
    "SCLK": Text("wires up to 30 cm", "导线不超过 30 cm"),
}

BUTTON_TO_GROUND = {
    "line": Text("through the button to ground; nothing else", "经按钮接地，不需其他元件"),
    "GND": Text("the other side of every button", "所有按钮的另一端"),
}
BUTTON_TO_POWER = {
    "line": Text("through the button to 3.3 V; nothing else", "经按钮接 3.3 V，不需其他元件"),
    "3V3": Text("the other side of every button", "所有按钮的另一端"),
}

LIGHT_TO_GROUND = {
    "line": Text("330 Ω, then the LED's long leg (+)", "串 330 Ω 电阻，接 LED 长脚（+）"),
    "GND": Text("every LED's short leg (−)", "所有 LED 的短脚（−）"),
}
LIGHT_TO_POWER = {
    "line": Text("330 Ω, then the LED's short leg (−)", "串 330 Ω 电阻，接 LED 短脚（−）"),
    "3V3": Text("every LED's long leg (+)", "所有 LED 的长脚（+）"),
}

BEEPER_BY_TRANSISTOR = {
    "line": Text(
        "1 kΩ, then the base of an NPN transistor S8050; its collector to the beeper's −",
        "串 1 kΩ 电阻，接 NPN 三极管 S8050 的基极；集电极接蜂鸣器 −",
    ),
    "5V": Text(
        "the beeper's +; a diode 1N4148 across the beeper, its ring at +",
        "蜂鸣器 +；蜂鸣器两端并联二极管 1N4148，色环一端接 +",
    ),
    "GND": Text(
        "the transistor's emitter; 10 kΩ from there to the base",
        "三极管发射极；发射极与基极间接 10 kΩ",
    ),
}
BEEPER_MODULE = {
    "line": Text("I/O of a beeper module that sounds on a low level", "低电平触发蜂鸣器模块的 I/O"),
    "3V3": Text("the module's VCC", "模块 VCC"),
    "GND": Text("the module's GND", "模块 GND"),
}

SIGNAL = Text("signal", "信号")
RESERVED = Text("reserved", "保留")
TITLE = Text("Wiring", "接线")
COLUMNS = (
    Text("part", "部件"),
    Text("wire", "导线"),
    Text("pin", "针脚"),
    Text("line", "线号"),
    Text("what sits between", "中间元件"),
)
CARD_END = Text("SD card end of the board", "主板 SD 卡一端")
OTHER_END = Text("the other end", "另一端")
INSIDE = Text("inside", "内侧")
EDGE = Text("board's edge", "板边")
CIRCUITS = {
    "key": Text("each key", "每个按键"),
    "light": Text("each light", "每个按键灯"),
    "beeper": Text("the beeper", "蜂鸣器"),
}
