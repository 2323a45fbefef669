"""The keys of a board as a device-tree overlay in source form. Pure.

With it the kernel's own driver (gpio-keys) reads and debounces the lines, and the keys are an input
device named `ratingpad-keys`, as a USB key pad is one. Lines and times are from the board's
profile, codes from the key map. Bindings: gpio-keys and brcm,bcm2835-gpio in the kernel's
documentation; the pin controller of a Pi 5 accepts the same properties.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.board.keypad import Keypad
    from device.board.profile import Profile

NAME = "ratingpad-keys"
"""The name of the input device, by which a pad's file finds it."""

_ACTIVE_HIGH, _ACTIVE_LOW = 0, 1
"""dt-bindings/gpio/gpio.h"""

_PULL_DOWN, _PULL_UP = 1, 2
"""brcm,pull in the binding brcm,bcm2835-gpio"""


def overlay(profile: "Profile", keypad: "Keypad") -> str:
    """The source of the overlay. Raises KeyError for a key that is not in the key map."""
    keys = profile.keys
    codes = {coded.name: coded for coded in keypad.key}
    pull, way = (_PULL_UP, "up") if keys.active_low else (_PULL_DOWN, "down")
    flag, level = (_ACTIVE_LOW, "low") if keys.active_low else (_ACTIVE_HIGH, "high")
    lines = [
        f"/* The keys of {profile.header} as an input device that the kernel reads.",
        " *",
        f" * Made from hw/boards/{profile.name}.toml and hw/keypads/{keypad.name}.toml by",
        " * `python -m device.wiring`; a test compares. To use it:",
        " *",
        f" *   dtc -@ -I dts -O dtb -o {NAME}.dtbo {NAME}.dts",
        f" *   sudo cp {NAME}.dtbo /boot/firmware/overlays/",
        f" *   echo dtoverlay={NAME} | sudo tee -a /boot/firmware/config.txt",
        " */",
        "",
        "/dts-v1/;",
        "/plugin/;",
        "",
        "/ {",
        '\tcompatible = "brcm,bcm2835";',
        "};",
        "",
        "&gpio {",
        f"\tratingpad_pins: {NAME}-pins {{",
        f"\t\tbrcm,pins = <{' '.join(str(key.line) for key in keys.key)}>;",
        "\t\tbrcm,function = <0>;\t/* input */",
        f"\t\tbrcm,pull = <{pull}>;\t/* {way} */",
        "\t};",
        "};",
        "",
        "&{/} {",
        f"\t{NAME} {{",
        '\t\tcompatible = "gpio-keys";',
        f'\t\tlabel = "{NAME}";',
        '\t\tpinctrl-names = "default";',
        "\t\tpinctrl-0 = <&ratingpad_pins>;",
    ]
    for key in keys.key:
        coded = codes[key.name]
        says = f"\t/* {coded.says} */" if coded.says else ""
        lines += [
            "",
            f"\t\tkey-{key.name.replace('_', '-')} {{",
            f'\t\t\tlabel = "{key.name}";',
            f"\t\t\tgpios = <&gpio {key.line} {flag}>;\t/* active {level} */",
            f"\t\t\tlinux,code = <{coded.code:#x}>;{says}",
            f"\t\t\tdebounce-interval = <{keys.debounce_ms}>;\t/* ms */",
            "\t\t};",
        ]
    return "\n".join([*lines, "\t};", "};", ""])
