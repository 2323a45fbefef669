"""The errors of the province's end in Chinese: what a code means, and what to do. Pure.

The English words are in `errors.py`; `docs/errors.zh-CN.md` has the same (a test compares).
"""

from province.errors import ProvinceCode
from sync.error_codes import ChineseText

_TEXTS: dict[ProvinceCode, ChineseText] = {
    ProvinceCode.STORE_URL: ChineseText(
        "不支持这样的存储库地址",
        "请写 `sqlite:///path/to/file` 或 `postgresql://user@host/database`。",
    ),
    ProvinceCode.STORE_ABSENT: ChineseText(
        "存储库无法访问",
        "检查数据库是否在运行、路径是否存在、当前用户能否打开。",
    ),
    ProvinceCode.STORE_FOREIGN: ChineseText(
        "该数据库不是这个版本的存储库",
        "请指定一个空数据库或一个存储库；该数据库保持原样。",
    ),
    ProvinceCode.STORE_WRITE: ChineseText(
        "存储库未能提交",
        "检查数据库的日志和剩余空间。未发出任何回执，评价器会重新上传。",
    ),
    ProvinceCode.BACKEND_MISSING: ChineseText(
        "未安装该数据库的驱动",
        "输入详情中的 pip 命令。",
    ),
    ProvinceCode.CHAIN_BROKEN: ChineseText(
        "已存账目与摘要链不符",
        "保留该数据库作为证据；从备份恢复，缺少的账目由评价器重新上传。",
    ),
    ProvinceCode.DERIVED_WRONG: ChineseText(
        "派生的一行与已存账目不符",
        "有人或有程序改动过它。以原始账目为准；请上报这一行。",
    ),
    ProvinceCode.BROKER_URL: ChineseText(
        "不支持这样的消息服务器地址",
        "请写 `mqtt://127.0.0.1:1883`：明文 MQTT 只能在本机回环地址上使用。",
    ),
    ProvinceCode.KEY_FILE: ChineseText(
        "扫码密钥文件无法使用",
        "请指定由 `ratingpad-province phone-key` 生成的文件；生成新密钥时换一个新文件名。",
    ),
    ProvinceCode.STORE_SILENT: ChineseText(
        "数据库未在规定时间内应答",
        "检查数据库的负载和中间的网络；接收程序会自行重新连接，未入库的账目由评价器保留。",
    ),
    ProvinceCode.STORE_ENCODING: ChineseText(
        "数据库的编码不是 UTF8",
        "为存储库另建一个：`createdb -T template0 -E UTF8 NAME`。",
    ),
    ProvinceCode.STORE_LOCKED: ChineseText(
        "数据库被另一个会话锁定",
        "找到并结束该会话（PostgreSQL：`pg_locks`、`pg_blocking_pids`；SQLite：`fuser FILE`）。"
        "等待中的账目随后入库。",
    ),
    ProvinceCode.STORE_ROOM: ChineseText(
        "数据库的磁盘空间、内存或连接数用尽",
        "腾出空间，或增加允许的连接数。等待中的账目随后入库。",
    ),
    ProvinceCode.STORE_REFUSES: ChineseText(
        "数据库不允许当前用户写入",
        "给存储库的用户授予所有表的权限，并使用非只读备机的数据库。等待中的账目随后入库。",
    ),
    ProvinceCode.BROKER_REFUSED: ChineseText(
        "消息服务器不接纳本接收程序",
        "允许它连接、订阅 `pad/v1/+/up/#`、发布 `pad/v1/+/down/#`。",
    ),
    ProvinceCode.BROKER_LACKS: ChineseText(
        "消息服务器缺少接收程序需要的功能",
        "按详情所写设置消息服务器；不支持共享订阅时使用 `--no-share`。",
    ),
    ProvinceCode.RECEIVER_TWICE: ChineseText(
        "另一个客户端用了本接收程序的编号",
        "在消息服务器上找到它；每个接收程序的编号都是随机的，所以它不是本系统的接收程序。",
    ),
    ProvinceCode.STORE_NO_FILE: ChineseText(
        "没有这个存储库",
        "检查 `--store` 中的路径。`receive` 会在已有的目录里新建存储库；其他命令都不新建。",
    ),
    ProvinceCode.STORE_RIGHTS: ChineseText(
        "当前用户不能打开存储库",
        "用存储库所属的用户运行该命令。要以其他用户查看，请把该文件和旁边的 `-wal` 文件"
        "复制到自己的目录。",
    ),
    ProvinceCode.STORE_NO_DATABASE: ChineseText(
        "该文件不是数据库",
        "请指定由 `receive` 建立的文件；所指定的文件保持原样。",
    ),
    ProvinceCode.STORE_DISPLACED: ChineseText(
        "接收程序运行中，存储库文件被删除、改名、替换或覆盖",
        "把该文件及其 `-wal` 放回原处，接收程序会自行恢复。若已丢失，停止接收程序，把残留文件"
        "（含 `-wal` 和 `-shm`）移到别处，再用备份或新的存储库启动；缺少的账目由评价器重新发送。",
    ),
    ProvinceCode.LOOKED_AT_FILE: ChineseText(
        "`verify --looked-at` 的文件无法使用",
        "改正详情中写明的一行：每条发现照 `verify` 打印的原样写，上面一行以 `# ` 开头，"
        "写日期和原因。",
    ),
    ProvinceCode.RATINGS_OF_NONE: ChineseText(
        "`ratings` 的条件在存储库中不存在",
        "改正详情中写明的内容；去掉该选项，列表中可以看到它的写法。",
    ),
}


def in_chinese(code: ProvinceCode) -> ChineseText:
    """What a code means and what to do, in Chinese; every code has its words."""
    return _TEXTS[code]
