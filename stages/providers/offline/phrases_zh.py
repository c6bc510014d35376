"""The director's Chinese: what is said for each choice of camera, light, colour, sound, place and performance.

Law: data only; every table has the same keys as its twin in `phrases_en.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE: Mapping[str, str] = {
    "els": "大远景", "ls": "远景", "fs": "全景", "ms": "中景", "mcu": "中近景", "cu": "特写", "ecu": "大特写",
}  # fmt: skip
ANGLE: Mapping[str, str] = {
    "eye": "平视，与人物视线同高",
    "low": "低机位仰拍，人物压住天际线",
    "high": "高机位俯拍，人显得小，环境显得重",
    "top": "顶拍，垂直向下",
    "ots": "过肩，越过{other}的肩头拍{who}",
    "pov": "主观视角，{who}眼中所见",
    "dutch": "倾斜机位（约 10 度），让画面失衡",
    "side": "侧面机位，取轮廓",
    "back": "背面机位，跟在{who}身后",
    "table": "桌面高度的低平机位，贴近物件",
}
MOVEMENT: Mapping[str, str] = {
    "static": "固定，让表演自己走完",
    "push": "缓慢推近，停在神情变化的一刻",
    "pull": "缓慢拉远，把人留给环境",
    "pan": "横摇，从{place}的一端摇到人物",
    "tilt": "由下至上缓摇，从细节带到人",
    "track": "横移跟拍，与{who}同速",
    "follow": "斯坦尼康随行，始终落后{who}两步",
    "handheld": "手持，轻微晃动，跟住呼吸",
    "whip": "快摇跟动作，落点急停",
    "crane": "升降：由高处落到人物高度",
    "rack": "固定机位，移焦完成视线转移",
    "drift": "几乎察觉不到的横向滑动",
}
DEPTH: Mapping[str, str] = {
    "deep": "大景深，前后景都清楚，交代空间（约 f/11）",
    "medium": "中等景深，人物清楚，背景可辨（约 f/5.6）",
    "shallow": "浅景深，焦点在{focus}，背景化开（约 f/2）",
    "macro": "极浅景深，只有{focus}一处是实的",
    "rack": "浅景深移焦：先实前景，再落到{focus}",
}
COMPOSITION: Mapping[str, str] = {
    "establish": "地平线压在下三分之一，{place}占住画面重心，人只是其中一个点",
    "interior": "门框与窗框作画框，纵深引向{place}深处",
    "single_left": "三分法，{who}居左，视线向右，右侧留白",
    "single_right": "三分法，{who}居右，视线向左，左侧留白",
    "two": "双人同框，{who}在{side}、{other}在{far}，中间的空隙就是两人的距离",
    "ots": "轴线不变：{who}在画面{side}三分之一，{other}的肩背虚在前景{far}侧",
    "insert": "{focus}置于画面中心，四周压暗，不留杂物",
    "face": "眼睛落在上三分之一线，头顶略出画，贴近情绪",
    "action": "对角线构图，运动方向前留出空间",
    "back": "{who}背影居中，前方景深拉开，路成为引导线",
    "landscape": "无人空镜，以线条与层次分出近、中、远三层",
    "group": "三角构图，{who}在顶点，其余的人分列两侧",
}
SIDE: Mapping[str, str] = {"left": "左", "right": "右"}
# Light by place in or out of doors and time of day.
LIGHT: Mapping[str, str] = {
    "in dawn": "窗外青灰天光斜入，室内大半还在暗处",
    "in morning": "晨光从侧窗进来，落成一道斜斜的光带",
    "in noon": "窗外高光溢入，室内以漫反射托住暗部",
    "in afternoon": "偏暖的侧光拉长家具的影子",
    "in dusk": "窗外残留暖光，室内已偏冷，冷暖在脸上分界",
    "in night": "环境压到很暗，只留一处实用光源",
    "in day": "窗光作主光，暗部保留细节",
    "out dawn": "天边一线亮起，低照度青蓝散射光",
    "out morning": "低角度晨光侧逆，边缘带一圈亮边",
    "out noon": "顶光硬，阴影短而实",
    "out afternoon": "偏暖侧光，明暗各半",
    "out dusk": "低角度金橙逆光，人物接近剪影",
    "out night": "夜景，月光或远处灯火勾边，暗部沉下去",
    "out day": "自然散射光，以侧面光塑形",
}
WEATHER_LIGHT: Mapping[str, str] = {
    "rain": "雨线靠逆光显形，湿面反光",
    "storm": "闪电瞬间打白画面，随即落回黑暗",
    "snow": "雪面向上补光，阴影发蓝",
    "fog": "雾把光打散，远处只剩轮廓",
    "wind": "光影随风晃动",
    "sun": "日光直射，反差放开",
    "moon": "月光作冷色轮廓光",
}
SOURCE_LIGHT: Mapping[str, str] = {
    "lamp": "灯为主光，暖而窄，光比约 4:1",
    "candle": "烛光摇动，暗部随之起伏",
    "fire": "火光自下而上，跳动的暖色",
    "phone": "屏幕冷光打在下颌",
    "mirror": "镜面反光扫过面部",
    "window": "窗光作侧面主光",
}
FACE_LIGHT: Mapping[str, str] = {
    "fear": "底光偏硬，眼窝留黑",
    "grief": "侧面软光，只给半张脸",
    "joy": "正面软光抬亮，眼神光明显",
    "anger": "硬侧光，鼻影切过脸颊",
    "tender": "柔光包住两人，边缘不见硬影",
    "tension": "高反差，亮部只留在眼睛",
    "surprise": "眼神光骤亮，背景压暗",
    "quiet": "低调照明，亮部克制",
    "": "伦勃朗式侧光，暗侧留一块三角亮部",
}
COLOUR: Mapping[str, str] = {
    "dawn": "青灰为底，一线暖橙",
    "morning": "淡金与浅青，饱和度低",
    "noon": "明度高，偏白，色彩还原准确",
    "afternoon": "琥珀与橄榄绿",
    "dusk": "橙红与靛蓝相对",
    "night": "墨蓝与炭黑，点缀暖黄",
    "day": "中性偏冷，低饱和",
}
WEATHER_COLOUR: Mapping[str, str] = {
    "rain": "蒙一层冷绿灰", "storm": "压成铅灰，闪光处纯白", "snow": "以灰白为主，只留一处暖色", "fog": "整体褪成灰调",
    "wind": "", "sun": "", "moon": "加一层银蓝",
}  # fmt: skip
MOOD_COLOUR: Mapping[str, str] = {
    "fear": "暗部偏绿", "grief": "再降饱和，抽走暖色", "joy": "暖色抬高一档", "anger": "红褐加重",
    "tender": "肤色偏暖，柔化反差",
    "tension": "反差加大，暗部不给细节", "surprise": "主体与背景拉开明度", "quiet": "色彩收敛，近乎单色",
}  # fmt: skip
PERFORMANCE: Mapping[str, tuple[str, ...]] = {
    "fear": ("呼吸短促，眼神不敢停在一处", "肩膀缩紧，喉头动了一下"),
    "grief": ("眼眶发红，话到嘴边又咽下去", "嘴角绷着，眼里的光慢慢暗下去"),
    "joy": ("眉眼舒展，笑意先到眼角", "神情松下来，嘴角藏不住笑"),
    "anger": ("下颌绷紧，目光不肯移开", "眉峰压低，鼻翼微张"),
    "tender": ("目光放软，动作放得很慢", "神情松动，手上的力气轻下来"),
    "tension": ("身体前倾，眼神钉住一处", "手上收紧，呼吸屏住半拍"),
    "surprise": ("动作停在半途，眼睛慢慢睁大", "神情空白了一瞬，随后才反应过来"),
    "quiet": ("不动声色，只有眼神在动", "沉默里停了一拍，目光落在低处"),
    "": ("神情平静，情绪藏在停顿里", "表情克制，视线先动，话后到", "目光稳住对方，语气不重"),
}
SOUND: Mapping[str, str] = {
    "rain": "雨声", "thunder": "远雷滚过", "wind": "风声", "waves": "海浪拍岸", "bell": "钟铃声", "horn": "低沉的汽笛",
    "door": "门轴与门响",
    "steps": "脚步声", "crowd": "嘈杂人声", "birds": "鸟虫鸣叫", "fire": "柴火噼啪", "engine": "机器低鸣",
    "gun": "枪响的回声",
    "blade": "金属出鞘与碰击", "paper": "纸张翻动的细响", "cry": "压住的抽泣", "laugh": "笑声", "glass": "瓷器玻璃轻碰",
    "clock": "钟表滴答", "music": "隐约的乐声", "water": "水流声",
}  # fmt: skip
ROOM_TONE: Mapping[str, str] = {
    "lighthouse": "塔内空洞的混响", "harbour": "缆绳吱呀、水拍桩脚", "shore": "远近两层潮声",
    "sea": "开阔海面的低频涌动", "river": "缓缓水流",
    "boat": "船板吱呀、轮机低震", "home": "屋内静底噪，偶有木料轻响", "kitchen": "锅沿水汽声",
    "yard": "院中虫鸣与远处犬吠",
    "street": "街巷远处的市声", "shop": "店堂里的杯盘与低语", "post": "柜台后的盖戳声", "station": "站台广播的回响",
    "vehicle": "车轮有节奏的震动", "hospital": "走廊里仪器的滴声", "school": "远处的读书声", "office": "日光灯的嗡鸣",
    "forest": "林间风过枝叶", "mountain": "空谷回风", "field": "草浪与虫声", "village": "远处鸡犬",
    "temple": "檐铃与诵念的余音",
    "palace": "甲叶与旗幡声", "bridge": "桥下流水", "grave": "草叶摩擦，此外无声", "city": "城市底噪",
    "ship": "循环风机的恒定低鸣", "desert": "沙粒擦过地面",
    "factory": "空旷厂房的回声", "cellar": "地下的闷响", "": "环境底噪压低",
}  # fmt: skip
TRANSITION: Mapping[str, str] = {
    "open": "淡入：先声音，后画面",
    "cut": "硬切",
    "action": "动作接动作切，切点落在动势最大处",
    "reverse": "正反打硬切，下一句的声音提前半拍进来（J-cut）",
    "look": "视线匹配切，接所见之物",
    "match": "形状匹配切，由物接人",
    "linger": "画面多留两拍，声音拖到下一镜（L-cut）",
    "dissolve": "叠化，示意时间过去",
    "smash": "突切，声音骤停",
    "close": "缓慢淡出，环境声多留三秒",
    "close_cut": "声音桥接：下一场的声音先进来，再切",
    "close_hold": "定在最后的姿态上，黑场一拍",
}
PLACE_NAME: Mapping[str, str] = {
    "lighthouse": "灯塔", "harbour": "码头", "shore": "海岸", "sea": "海上", "river": "河岸", "boat": "船上",
    "home": "屋里", "kitchen": "厨房",
    "yard": "院子", "street": "街巷", "shop": "店堂", "post": "邮局", "station": "车站", "vehicle": "车厢",
    "hospital": "医院",
    "school": "学校", "office": "办公室", "forest": "树林", "mountain": "山间", "field": "田野", "village": "村镇",
    "temple": "庙堂",
    "palace": "城门", "bridge": "桥上", "grave": "墓地", "city": "城市", "ship": "舱内", "desert": "荒漠",
    "factory": "厂房", "cellar": "地窖", "": "现场",
}  # fmt: skip
PLACE_LOOK: Mapping[str, str] = {
    "lighthouse": "斑驳白墙、铁旋梯、一盏大透镜",
    "harbour": "湿亮的石阶与木桩、缆绳、晾着的渔网",
    "shore": "黑色礁石、退潮的水洼、一线白浪",
    "sea": "空阔水面、低垂天际线",
    "river": "缓流、芦苇、泥色河岸",
    "boat": "掉漆的栏杆、铁锚、磨亮的舵轮",
    "home": "木窗、旧桌、一盏低垂的灯",
    "kitchen": "黑铁锅、砖灶、墙上挂着的瓢勺",
    "yard": "青砖地、一口井、靠墙的竹竿",
    "street": "石板路、低檐、斑驳的招牌",
    "shop": "木柜台、玻璃罐、褪色的价目牌",
    "post": "绿漆柜台、分信格、铜秤与邮戳",
    "station": "长椅、挂钟、向远处收拢的铁轨",
    "vehicle": "蒙着水汽的车窗、并排的座椅",
    "hospital": "白墙、绿墙裙、一扇高窗",
    "school": "木课桌、黑板、斜照的窗",
    "office": "成排的柜子与灯管、堆叠的纸",
    "forest": "密集竖直的树干、腐叶地、漏下的光斑",
    "mountain": "层叠山脊、窄路、云影",
    "field": "成片的草浪、一条土路、很低的地平线",
    "village": "错落的屋顶、炊烟、一条主路",
    "temple": "深檐、石阶、一缕香烟",
    "palace": "高墙、朱漆大门、列阵的旗",
    "bridge": "桥栏、桥洞与倒影",
    "grave": "青石碑、伏倒的草",
    "city": "楼群、灯窗、湿亮的路面",
    "ship": "金属舱壁、指示灯、一扇圆窗",
    "desert": "连绵沙脊、空天",
    "factory": "高窗、铁梁、成排的机器",
    "cellar": "石壁、窄阶、低矮的顶",
    "": "层次清楚的空间",
}
TIME_NAME: Mapping[str, str] = {
    "dawn": "黎明", "morning": "清晨", "noon": "正午", "afternoon": "午后", "dusk": "黄昏", "night": "夜",
    "day": "白天",
}  # fmt: skip
WEATHER_NAME: Mapping[str, str] = {
    "rain": "雨", "storm": "风暴", "snow": "雪", "fog": "雾", "wind": "风", "sun": "晴", "moon": "月",
}  # fmt: skip
SEASON_NAME: Mapping[str, str] = {"spring": "春", "summer": "夏", "autumn": "秋", "winter": "冬"}
MOOD_NAME: Mapping[str, str] = {
    "fear": "不安", "grief": "哀伤", "joy": "明朗", "anger": "激烈", "tender": "温情", "tension": "紧张",
    "surprise": "悬念", "quiet": "沉静",
}  # fmt: skip
OBJECT_NAME: Mapping[str, str] = {
    "letter": "信", "lamp": "灯", "fire": "火", "candle": "蜡烛", "book": "日志", "photo": "照片", "key": "钥匙",
    "blade": "刀", "gun": "枪",
    "boat": "船", "phone": "电话", "clock": "钟表", "cup": "杯碗", "umbrella": "雨具", "bag": "箱子", "coin": "票钱",
    "coat": "外衣", "mirror": "镜片", "flower": "花", "instrument": "琴", "rope": "缆绳", "horse": "马", "door": "门",
    "window": "窗",
}  # fmt: skip
