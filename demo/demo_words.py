"""The words of the demo's page in every language of the product.

What the page says of the demo is in `strings/*.toml`; what the pad says too (levels, scenes, spoken
prompts) is the pad's own.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from device.ui.words import load

LANGUAGES = ("zh", "en", "ko")
STRINGS = Path(__file__).with_name("strings")


@cache
def page_words() -> dict[str, dict[str, Any]]:
    """By language, and by section: a text, or the texts of a part."""
    return {
        words.language: {
            **msgspec.toml.decode((STRINGS / f"{words.language}.toml").read_bytes()),
            "level": words.levels,
            "scene": {name: scene.title for name, scene in words.scenes.items()},
            "prompt": words.prompts,
        }
        for words in load(LANGUAGES)
    }
