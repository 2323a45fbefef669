"""The errors of a pad in Chinese: what a code means, and what to do. Pure.

The English words are in `errors.py`. A module of its own, because the agent does not need these:
they are for the command lines. `docs/errors.zh-CN.md` has the same words (a test compares).
"""

from device.errors import PadCode
from sync.error_codes import ChineseText

_LOOK_AT_SCREEN = (
    "检查屏幕及其连线，再看 `systemctl status ratingpad-kiosk`；浏览器会自行重新启动。"
    "若由其他程序显示触摸页：`[touch] watch_s = 0`。"
)

_TEXTS: dict[PadCode, ChineseText] = {
    PadCode.LEDGER_WRITE: ChineseText(
        "账目无法写入",
        "检查存储卡：`dmesg`、剩余空间、是否变为只读。评价器会自行重试。",
    ),
    PadCode.LEDGER_FULL: ChineseText(
        "存储卡已满",
        "在账本所在的文件系统上腾出空间。评价器会自行恢复。",
    ),
    PadCode.LEDGER_DAMAGED: ChineseText(
        "账本损坏或丢失，已新建账本",
        "保留另存的文件。除非有人删除过账本，否则请换卡；`ratingpad verify` 会写明缺少哪些账目。",
    ),
    PadCode.LEDGER_IN_USE: ChineseText(
        "账本被另一个程序占用",
        "停掉另一个评价器程序；一台评价器上只能运行一个。",
    ),
    PadCode.LEDGER_DIVERGED: ChineseText(
        "省级保存的账本历史不同",
        "存储卡被恢复或复制过。评价器已改用新账本继续工作；请上报。",
    ),
    PadCode.LEDGER_FOREIGN: ChineseText(
        "账本属于另一台评价器，或文件不是账本",
        "核对 `[pad] id` 和 `[ledger] path`；该文件保持原样。",
    ),
    PadCode.LEDGER_CUT: ChineseText(
        "账本末尾已落盘的账目丢失",
        "保留另存的文件。查问谁复制或删除过账本旁边的文件；若无人动过，请换卡。"
        "详情和省级的 `verify` 会写明是哪些账目。",
    ),
    PadCode.LEDGER_DISPLACED: ChineseText(
        "运行中账本文件被删除、改名、替换或覆盖",
        "把文件放回原处，评价器会自行恢复。若文件已丢失：保持开机，直到"
        " `systemctl status ratingpad` 显示没有待上传的账目，再重启程序。",
    ),
    PadCode.KEY_STUCK: ChineseText(
        "某个按键按下太久",
        "让详情中写明的按键弹起，或更换该按键。",
    ),
    PadCode.KEY_CHATTER: ChineseText(
        "某个按键抖动太久，超过去抖时间",
        "更换详情中写明的按键，或检查其接线。",
    ),
    PadCode.KEY_WRONG: ChineseText(
        "按下的不是要求的按键",
        "检查详情中写明的按键的接线，或此型号的键位表。",
    ),
    PadCode.KEYS_GONE: ChineseText(
        "按键无应答",
        "检查详情中写明的部件，未写明时检查按键器的连线；恢复后会自行接上。",
    ),
    PadCode.KEY_REPEATS: ChineseText(
        "没有邀请评价时某个按键仍被反复按下",
        "检查详情中写明的按键：半卡住、进水、接线松动，还是有儿童玩耍。"
        "该键安静约 10 秒之前，按下都不计入评价。",
    ),
    PadCode.SCREEN_GONE: ChineseText(
        "没有屏幕显示触摸页，也没有其他按键",
        _LOOK_AT_SCREEN,
    ),
    PadCode.DISPLAY_GONE: ChineseText(
        "显示屏无应答",
        "检查详情中写明的部件，未写明时检查显示屏的连线；恢复后会自行接上。",
    ),
    PadCode.SCREEN_GONE_KEYS_LEFT: ChineseText(
        "没有屏幕显示触摸页；按键可用",
        _LOOK_AT_SCREEN,
    ),
    PadCode.SCREEN_MISFIT: ChineseText(
        "触摸页与屏幕不符",
        "量出屏幕画面的宽度：`[touch] px_per_mm` 等于画面宽度的像素数除以毫米数。"
        "若详情说文字太长：缩短大厅名称或通知。",
    ),
    PadCode.SIGNAL_GONE: ChineseText(
        "按键灯、蜂鸣器或语音不工作",
        "检查详情中写明的部件；没有它，评价照常进行。",
    ),
    PadCode.BUS_GONE: ChineseText(
        "旧控制器的总线无应答",
        "检查转换器、它的两根线和控制器；恢复后评价器自行继续。",
    ),
    PadCode.CLOCK_UNKNOWN: ChineseText(
        "不知道时间",
        "检查时间服务器。评价照样保存，知道时间后补记日期。",
    ),
    PadCode.PROVINCE_SILENT: ChineseText(
        "省级长时间无应答",
        "检查网络。评价保存在评价器上，之后上传。",
    ),
    PadCode.PROVINCE_REFUSED: ChineseText(
        "省级拒收一个批次",
        "把详情中写明的问题上报；所有账目都保留在评价器上。",
    ),
    PadCode.BROKER_REFUSED: ChineseText(
        "消息服务器不接纳本评价器",
        "在消息服务器上为本评价器开设账号，并授权其主题；详情中有消息服务器的原话。",
    ),
    PadCode.ID_TWICE: ChineseText(
        "另一台设备用了本评价器的编号",
        "找到那台设备，给它自己的 `[pad] id`。若没有那样的设备，就是连接每隔几秒中断一次。",
    ),
    PadCode.BROKER_LACKS: ChineseText(
        "消息服务器缺少评价器需要的功能",
        "按详情所写设置消息服务器，例如 `max_qos 1`；评价都会保留。",
    ),
    PadCode.BROKER_TOO_SMALL: ChineseText(
        "消息服务器不收这么长的消息",
        "调大消息服务器的 `max_packet_size`；详情中的账目及其后的所有账目都会保留。",
    ),
    PadCode.CONFIG_WRONG: ChineseText(
        "配置文件无法使用",
        "改正详情中写明的地方；`ratingpad check` 会一次指出所有错误。",
    ),
    PadCode.RIGHTS_MISSING: ChineseText(
        "文件属于另一个用户",
        "按详情所写处理；用 `sudo ratingpad` 建立的文件属于 root。",
    ),
    PadCode.DESK_CLOSED: ChineseText(
        "无法打开窗口系统接口",
        "改正详情中写明的端口、口令文件或证书。按键可用；接口会自行重试打开。",
    ),
    PadCode.TOUCH_CLOSED: ChineseText(
        "无法提供触摸页",
        "改正详情中写明的端口、文件或软件库。触摸页会自行重试打开。",
    ),
    PadCode.FILE_UNUSED: ChineseText(
        "一个非必需的文件无法使用",
        "改正详情中写明的文件；之后会自行重新读取。",
    ),
    PadCode.RESTARTED_OFTEN: ChineseText(
        "程序反复重新启动",
        "从日志中查明它为何结束：`journalctl -u ratingpad`。每次等待更久。",
    ),
    PadCode.LIBRARY_MISSING: ChineseText(
        "缺少按键用的软件库",
        "输入详情中的 pip 命令，再输入 `systemctl restart ratingpad`。",
    ),
    PadCode.PART_LIBRARY_MISSING: ChineseText(
        "缺少显示屏、按键灯、蜂鸣器或语音用的软件库",
        "输入详情中的 pip 命令，再输入 `systemctl restart ratingpad`。评价照常进行。",
    ),
    PadCode.INTERNAL: ChineseText(
        "程序的某部分失败",
        "把日志发给技术支持；程序会自行重新启动。",
    ),
}


def in_chinese(code: PadCode) -> ChineseText:
    """What a code means and what to do, in Chinese; every code has its words."""
    return _TEXTS[code]
