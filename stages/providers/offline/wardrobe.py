"""What the director dresses people in where the text is silent: by era, and so that any two can be told apart.

Law: data only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stages.pipeline.contract import Language

DRESS: Mapping[Language, Mapping[str, tuple[str, ...]]] = {
    "zh": {
        "modern": (
            "藏青粗呢外套",
            "灰绿色旧夹克",
            "赭红毛衣",
            "米白棉布衬衫",
            "墨绿雨衣",
            "驼色风衣",
            "深灰对襟棉袄",
            "靛蓝工装",
        ),
        "ancient": (
            "月白交领长衫",
            "玄色窄袖劲装",
            "赭红襦裙",
            "黛青布袍",
            "鸦青斗篷",
            "素麻短褐",
            "绛紫锦袍",
            "竹青直裰",
        ),
        "future": (
            "灰白贴身舱服",
            "橙色工程服",
            "深蓝舰员制服",
            "黑色隔热服",
            "银灰实验服",
            "军绿飞行夹克",
            "白色医疗服",
            "砖红背心",
        ),
    },
    "en": {
        "modern": (
            "a navy wool coat",
            "a grey-green work jacket",
            "a rust-red sweater",
            "an off-white cotton shirt",
            "a dark green raincoat",
            "a camel overcoat",
            "a charcoal waistcoat",
            "indigo overalls",
        ),
        "ancient": (
            "a pale linen tunic",
            "a black leather jerkin",
            "a madder-red gown",
            "a slate wool cloak",
            "a plain homespun coat",
            "a plum brocade robe",
            "a moss-green surcoat",
            "a mail shirt under grey wool",
        ),
        "future": (
            "a pale grey flight suit",
            "an orange engineer's suit",
            "a dark blue crew uniform",
            "a black thermal suit",
            "a silver lab coat",
            "an olive pilot's jacket",
            "white medical scrubs",
            "a brick-red maintenance vest",
        ),
    },
}
HAIR: Mapping[Language, Mapping[str, tuple[str, ...]]] = {
    "zh": {
        "f": ("齐耳短发", "低束长发", "盘起的发髻", "微卷的中长发"),
        "m": ("利落短发", "略长的黑发", "寸头", "偏分短发"),
        "old": ("花白短发", "稀疏的白发"),
    },
    "en": {
        "f": ("chin-length dark hair", "long hair tied low", "pinned-up hair", "wavy brown hair"),
        "m": ("short dark hair", "rather long black hair", "a close crop", "side-parted brown hair"),
        "old": ("short grey hair", "thin white hair"),
    },
}
