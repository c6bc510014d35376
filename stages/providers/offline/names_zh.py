"""Finds the people of a Chinese text by rule: surnames with given names, kinship words, titles, familiar forms.

Law: pure and linear; a name must be earned, by speaking, by acting, or by coming back.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from stages.providers.offline.speech import SPEECH_ZH, narration

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚"
    "谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛"
    "伍韦申尤毕聂丛焦"
    "向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包"
    "司柏宁柯阮桂闵"
    "解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭"
    "窦迟宇敖糜鄢冷卓"
    "花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺"
)
_COMPOUND = "欧阳|司马|上官|诸葛|慕容|令狐|司徒|南宫|东方|夏侯|皇甫|公孙|独孤|西门|端木|百里"
# Characters that hardly ever stand in a given name.
_NOT_GIVEN = frozenset(
    "的了着过吗呢吧啊呀嘛么是在有不没我你您他她它们这那哪谁什怎就也都又才却便还把被将对向往从到给让叫使说道问答喊笑哭"
    "看听想走跑来去进出间旁边时候日夜点分秒个只条张块件位名种些几两很太最更再已曾会能可要应该"
    "得地之其而与和或但因为所以如果则于及等每各此某拿放坐站躺睡吃喝打开关门窗车路头手脚眼脸口嘴面低短旧老坏，"
    "。！？、：；“”‘’「」『』（）…— 起住做用掉死见觉知回接握抬摇递推拉伸沉总仍刚像离当跟朝替由"
    "副漆桶滚剥丫岛湾港巷箱柜椅凳桌墙瓶杯碗盘锅盆件颗粒滴摸晃闪飘喘颤咳嗽汗泪血骨肉皮毛腿臂腰背肩胸"
    "且即竟角落湾底层栋楼塔县市店铺局码桥街巷院校票单纸信灯船饭菜鞋帽伞刀枪"
    "\n"
)
# Characters that stand in given names and far more often elsewhere: such a name needs more evidence.
_SELDOM_GIVEN = frozenset(
    "上下里外前后左右中早晚今昨年月三四五六七八九十百千万第光水火风雨雪声音色心多少大小长新好身天海江河湖山石树木花草"
    "酒茶钱衣旗望高明先正声安平成完同守岸岛镇村城"
)
# Everyday words that begin like a name.
_NOT_NAMES_TEXT = (
    "高兴 高声 高处 高大 马上 马路 时间 时候 方向 方才 方便 周围 周末 安静 安全 安慰 白天 白色 白发 黄昏 黄色 "
    "金色 金属 石头 石板 江面 "
    "张开 张望 常常 成为 成了 任何 任务 关于 关系 文字 文件 明白 明天 明亮 明显 和平 和气 连忙 连夜 全部 全家 "
    "全身 路上 路灯 路过 花园 "
    "木头 木板 木门 木桌 木船 车子 车票 边缘 计划 应该 应当 台阶 台风 原来 原因 原本 都市 官员 冷静 冷冷 冷风 "
    "雷声 温柔 温暖 温度 严肃 "
    "平静 易于 万一 万分 万里 段路 向来 向着 强烈 简单 商量 商店 商人 单独 单薄 包裹 包袱 解释 解开 房间 房子 "
    "房门 古老 米饭 宫殿 宫女 "
    "来信 来人 简直 乐意 宁静 宁愿 左右 左手 左边 谷子 管理 管子 童年 游客 华丽 章程 毛衣 毛巾 毛病 秦岭 金黄 "
    "田野 田埂 康复 史上 龙王 "
    "雷雨 严重 施工 洪水 温热 何况 何必 何时 何处 余下 余光 夏天 夏夜 武器 常年 汤碗 钱包 牛肉 季节 鲁莽 伍长 "
    "申请 毕竟 毕业 焦急 柳树 "
    "梅花 莫名 庄严 庄稼 辛苦 祝福 祝愿 关门 关上 关心 凌晨 凌乱 费力 纪念 盛开 欧洲 项目 曲折 席子 卫士 查看 "
    "查找 屈服 景色 薄雾 司机 "
    "边上 丘陵 池塘 郁闷 符号 党员 燕子 郎中 谈话 屠夫 连接 连续 蒙蒙 迟到 迟疑 宇宙 卓越 仇恨 蓝色 蓝天 井边 "
    "练习 仲夏 封口 封信 原谅 "
    "衣服 衣角 楚地 宗教 巫师 桑树 银色 银元 扬起 沙滩 沙发 沙沙 伏在 习惯 保护 保持 保证 高高 明明 茫茫 常有 "
    "万物 江水 江边 江风 江心 "
    "向前 关键 关掉 成年 成群 任由 安排 白雾 白纸 白布 白浪 金光 方圆 方形 苏醒 许多 许久 曾经 程度 董事 谢谢 "
    "于是 何等 胡子 胡同 胡乱 "
    "唐朝 郑重 宋朝 马车 马灯 罗盘 高楼 高跟 黄土 黄豆 黄铜 黄灯 林间 林子 林中 孙女 孙子 杨树 陈旧 陈年 刘海 "
    "张纸 张嘴 王府 王爷 王子 "
    "李子 赵家 钟声 钟头 钟楼 钟表 石阶 石桥 石墙 石缝 夏日 姜汤 叶子 叶片 袁大 顾不 顾客 武士 庞大 安顿 常客 "
    "齐声 齐齐 江底 白酒 童声 "
    "海风 牛奶 牛皮 温水 雷达 管家 司令 司仪 严寒 冷汗 冷笑 冷清 连同 连声 全神 全然 都没 桂花 桂树 路口 路边 "
    "边说 边走 强忍 华灯 单手 "
    "石块 方桌 白瓷 白猫 黄狗 梁上 房梁 关节 应声 应答 应着 席间 木匣 木箱 柏油 来回 来历 全都 都还 都会 都要 "
    "都有 宁可 井水 井口 "
    "明晃 明灭 沙哑 银白 银行 银光 桑叶 花白 花瓣 花布 花香 都是 都在 和她 和他 成双 薄薄 古怪 查过 车轮 车门 "
    "车灯 车窗 阳光 阳台 "
    "易碎 盛夏 盛满 盛着 路灯 路面 祝您 关照 凌空 管不 管他 左肩 谷底 舒服 舒展 时不 时辰 时常 时光 时而 莫非 "
    "梅雨 庄重 辛酸 沿着 沿途 "
    "向西 向东 向北 向南 岳父 岳母 焦黄 焦躁 尤其 申时 季风 鲁班 温和 温声 牛车 严严 安稳 安详 安心 安然 洪亮 "
    "陶罐 施舍 殷红 兰花 文静 "
    "常见 武将 易如 尹始 汤药 钱币 段时 万籁 万家 龙头 龙舟 孟春 侯爷 邵氏 史书 江山 康健 崔嵬 白皙 白净 孔雀 "
    "陆续 陆地 金子 金鱼 秦时 "
    "任凭 田里 汪汪 夏末 戴着 戴上 戴了 杜鹃 潘多 余生 余晖 余音 余烬 阎王 叶落 薛涛 魏晋 丁点 贾人 蔡侯 蒋家 "
    "卢沟 苏打 吕布 彭湃 曾祖 "
    "沈阳 傅粉 许是 许可 许诺 邓林 袁门 曹营 程式 萧条 萧瑟 董家 于此 冯河 唐突 韩流 谢幕 郑声 宋体 梁柱 罗列 "
    "罗网 马匹 马蹄 马鞍 郭外 "
    "何曾 何苦 林立 林荫 高低 朱红 朱门 胡琴 胡说 孙儿 徐徐 吴侬 周身 周遭 周到 黄油 黄纸 赵钱 杨柳 陈设 陈列 "
    "刘邦 张罗 张扬 李树 王国 王后 王牌 单车 单位 房东 "
    "边境 甘心 包子 包括 车厢 车站 连连 连着 商议 井然 官府 官兵 封闭 封面 应付 台上 台下 明月 明年 明朗 明日 "
    "和尚 和声 保重 保存"
)
_NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
KIN = (
    "母亲|父亲|妈妈|爸爸|奶奶|爷爷|外婆|外公|祖父|祖母|姥姥|姥爷|阿婆|阿公|阿爷|阿妈|阿爸|阿娘|阿爹|哥哥|姐姐|弟弟|"
    "妹妹|妻子|丈夫|儿子|"
    "女儿|孙女|孙子|叔叔|伯伯|舅舅|姑姑|婶婶|嫂子|爹|娘"
)
ROLES = (
    "掌柜|船长|船夫|船工|医生|大夫|护士|老师|先生|太太|夫人|警察|队长|连长|师傅|师父|师兄|师姐|师妹|和尚|道士|将军|"
    "皇帝|皇后|公主|王子|"
    "太子|丞相|侍卫|丫鬟|管家|校长|教授|博士|老板|老板娘|店主|伙计|邮差|邮递员|渔夫|司机|站长|局长|村长|镇长|经理|"
    "律师|记者|侦探|猎人|铁匠|木匠|"
    "郎中|书生|秀才|县令|捕快|杀手|刺客|少女|女孩|男孩|小女孩|小男孩|老人|老太太|老头|老头儿|老妇人|老者|少年|青年|"
    "姑娘|小伙子|"
    "陌生人|机器人|驾驶员|守塔人|摆渡人|看门人|巡夜人|修表匠|画家|作家|诗人|船老大|族长|长老"
)
SUFFIXES = (
    "师傅|医生|大夫|护士|老师|先生|太太|夫人|队长|连长|船长|掌柜|站长|局长|村长|镇长|校长|教授|博士|老板|经理|"
    "律师|警官|将军|公子|小姐|姑娘|女士|丫头|主任|院长|科长|处长|厂长|工程师|总|董|队|叔|伯|婶|婆|爷|嫂|姨|哥|姐|妹"
)
_FULL = re.compile(rf"(?=((?:{_COMPOUND}|[{_SURNAMES}])[一-龥]{{1,2}}))")
_FAMILIAR = re.compile(rf"(?:[老小][{_SURNAMES}]|阿[一-龥]|(?:[{_SURNAMES}]|阿[一-龥]){{1}}(?:{SUFFIXES}))")
_TITLE = re.compile(rf"{'|'.join(sorted(f'{KIN}|{ROLES}'.split('|'), key=lambda word: (-len(word), word)))}")
_ROLE_ENDS = re.compile(rf"(?:{ROLES}|{KIN}|法医)$")
_SELF_NAMED = re.compile(r"(?:我叫|名叫|名字叫|取名叫?|[孩人子娘]叫)([一-龥]{2,3})(?=[，。！”])")
_TITLE_CALLED = re.compile(rf"({ROLES})叫([一-龥]{{2,3}})(?=[，。])")
_PLACE_ENDS = tuple("岛镇村湖河城港寺庙桥路街江县市")
_SUFFIX = re.compile(SUFFIXES)
_ENDS_IN_TITLE = re.compile(rf"(?:{KIN}|{ROLES}|{SUFFIXES})$")
_I_AM = re.compile(r"我(?:叫|名叫|就是)([一-龥]{2,4})")
_FAMILIAR_NOT_TEXT = (
    "小时 老马 小路 小花 小米 小石 小木 小官 小房 小包 老石 老花 老房 老路 老井 小井 小池 老木 小车 老车 小边 "
    "小衣 小台 小单 小雷 小文 老旧 老成 老古 小金 老钱 小钱 小商"
)
_FAMILIAR_NOT = frozenset(_FAMILIAR_NOT_TEXT.split())
# What a subject does next: the evidence that the word before is somebody.
_ACTS = re.compile(
    rf"(?:[^，。！？\n]{{0,3}}?{SPEECH_ZH}|[没不也又却就便才还正已终只]?(?:看|望|听|想|走|跑|站|坐|躺|跪|拿|握|抬|低|"
    rf"转|摇|点|伸|递|推|拉|"
    r"把|将|打|接|笑|哭|愣|沉默|停|回|放|举|抱|扶|闭|睁|咬|皱|叹|吸|等|追|冲|蹲|靠|爬|提|端|写|读|翻|从|在|向|朝|对|"
    r"跟|的|是|觉|知|记|"
    r"有|没|终于|忽然|突然|一|每|来|去|到|收|拆|点|擦|划|守|住|穿|披|带|伏|靠|出|进|上|下|开|关|忙|急|轻|慢|仍|再|先|"
    r"都|和|与|头|手|双|凑|死死|用|狠|捂|领|戴|咧|捏|拧|捧|弯|瞪|紧|笑|怔|、|年)|[一-龥](?:了|着|起|出|过))"
)
_BEFORE = re.compile(r"[，。！？；：、\n“”「」…—\s（）和与跟对向给是叫让把被问找见等替陪扶喊像教的了着过]$")


def find(text: str) -> list[tuple[str, int, int]]:
    """Find the people: (name, how often it stands there, evidence that it is a person), strongest first."""
    found = _full_names(text)
    for pattern, where in ((_FAMILIAR, text), (_TITLE, narration(text))):
        for name, (count, evidence) in _tally(where, pattern).items():
            if evidence >= 2 or (evidence and count >= 3):
                found.setdefault(name, (count, evidence))
    for name in dict.fromkeys(_SELF_NAMED.findall(text)):
        if (text.count(name) >= 2 or _FULL.match(name)) and not is_title(name):
            found.setdefault(name, (text.count(name), 2))
    people = [(name, count, evidence) for name, (count, evidence) in found.items()]
    return sorted(people, key=lambda one: (-one[1], -len(one[0]), one[0]))


def _tally(text: str, pattern: re.Pattern[str]) -> dict[str, tuple[int, int]]:
    counts: Counter[str] = Counter()
    evidence: Counter[str] = Counter()
    for one in pattern.finditer(text):
        name = one[0]
        if name in _FAMILIAR_NOT or name[1:] in ("着", "了", "的", "在", "说"):
            continue
        counts[name] += 1
        evidence[name] += bool(_ACTS.match(text, one.end()))
    return {name: (count, evidence[name]) for name, count in counts.items()}


def _full_names(text: str) -> dict[str, tuple[int, int]]:
    """Find surnames with given names; of "沈砚" and "沈砚秋" the one that the text really uses."""
    counts: Counter[str] = Counter()
    evidence: Counter[str] = Counter()
    follows: defaultdict[str, set[str]] = defaultdict(set)
    for one in _FULL.finditer(text):
        longest = one[1]
        for size in range(2, len(longest) + 1):
            name = longest[:size]
            if not _plausible(name) or text[one.start(1) + size : one.start(1) + size + 1] in _PLACE_ENDS:
                continue
            end = one.start(1) + size
            counts[name] += 1
            follows[name].add(text[end : end + 1])
            starts = one.start(1) == 0 or bool(_BEFORE.match(text[one.start(1) - 1]))
            starts = starts or bool(_ROLE_ENDS.search(text, max(0, one.start(1) - 4), one.start(1)))
            evidence[name] += starts and (bool(_ACTS.match(text, end)) or text[end : end + 1] in "，、。：！？")
    chosen = {name: (counts[name], evidence[name]) for name in counts if _earned(name, counts[name], evidence[name])}
    return {name: tally for name, tally in chosen.items() if not _is_shadow(name, chosen, follows)}


def _plausible(name: str) -> bool:
    given = name[2:] if re.match(_COMPOUND, name) else name[1:]
    if given in ("子", "头", "儿", "里", "上", "下"):
        return False
    return bool(given) and name[:2] not in _NOT_NAMES and not any(letter in _NOT_GIVEN for letter in given)


def _earned(name: str, count: int, evidence: int) -> bool:
    """Tell whether this often, and this often as somebody who acts or is addressed, is enough for such a name."""
    if any(letter in _SELDOM_GIVEN for letter in name[1:]):
        return evidence >= 3 and evidence >= 0.45 * count
    return evidence >= 2


def _is_shadow(name: str, chosen: dict[str, tuple[int, int]], follows: dict[str, set[str]]) -> bool:
    """Tell whether another candidate explains this one: a prefix always going on, or a name plus a stray letter."""
    count = chosen[name][0]
    if any(len(other) > len(name) and other.startswith(name) and chosen[other][0] >= 0.7 * count for other in chosen):
        return True
    shorter = chosen.get(name[:-1])
    return shorter is not None and (count < 0.7 * shorter[0] and len(follows[name[:-1]]) > 2)


def is_suffix(words: str) -> bool:
    """Tell whether these words are what is said after a surname: 先生, 律师, 总."""
    return bool(_SUFFIX.fullmatch(words))


def is_title(name: str) -> bool:
    """Tell whether a name is or ends in a kinship word, a role or a title."""
    return bool(_ENDS_IN_TITLE.search(name))


def introductions(text: str) -> list[tuple[str, str]]:
    """Find who gives their own name: (the title the paragraph knows them by, the words after "我叫")."""
    pairs: list[tuple[str, str]] = []
    for one in _I_AM.finditer(text):
        start = text.rfind("\n", max(0, one.start() - 200), one.start()) + 1
        titles = {title[0] for title in _TITLE.finditer(narration(text[start : one.start()] + "”"))}
        if len(titles) == 1:
            pairs.append((titles.pop(), one[1]))
    return [*pairs, *_TITLE_CALLED.findall(text)]
