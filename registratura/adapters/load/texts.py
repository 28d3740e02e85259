"""What is said about records that could not be loaded: every sentence says what to do."""

import re
from collections.abc import Iterable
from typing import Final

from registratura.application.ports.spool import Fault, Line, Obstacle
from registratura.application.records import Clash, Orphan

FORM: Final = "R-310"
"""The record itself is wrong, or comes twice in one load."""
REGISTER: Final = "R-330"
"""The record is well formed but does not fit what the register holds."""

BOOKED_SLOT = (
    "на слот есть запись [{id}]: сначала перенесите или отмените её, затем меняйте время, длительность или врача"
)
REQUIRED = "обязательное поле: добавьте его"
NOT_TEXT = "нужна строка"
BAD_CHARACTERS = "в строке есть управляющие или повреждённые знаки: уберите их"
BAD_GUID = "нужен GUID строчными буквами вида 01234567-89ab-cdef-0123-456789abcdef"
BAD_MOMENT = "нужны дата и время вида 2026-03-28T09:20:00, можно со смещением +05:00"
BAD_DATE = "нужна дата вида 2026-03-28"
BAD_TIME = "нужно время вида 18:00"
BAD_YEAR = "год должен быть от {first} до {last}"
BAD_NUMBER = "нужно число"
BAD_FLAG = "нужно true или false"
BAD_SNILS = "нужны одиннадцать цифр СНИЛС"
BAD_SNILS_OF_STAFF = "нужны одиннадцать цифр СНИЛС подряд, без дефисов и пробелов"
BAD_PHONE = "нужен номер телефона с кодом страны, например +79001234567"
BAD_ZONE = "нужно имя часового пояса из базы IANA, например Asia/Yekaterinburg"
BAD_LIST = "нужен список строк"
BAD_CHECKS = "нужен объект вида {{«имя проверки»: true или false}}, имена: {names}"
BAD_TAGS = "нужны значения через запятую из перечня {values}"
BAD_ORDER = "{later} не может быть раньше {earlier}: исправьте одно из двух"
BAD_AGES = "{oldest} не может быть меньше {youngest}: исправьте одно из двух"
ONE_OF_TWO = "нужно одно из полей {names}: добавьте его"
DIFFERENT_KEYS = "поля {names} должны совпадать: оставьте одно"

NOT_OBJECT = "нужен объект JSON с полем kind"
KIND_ABSENT = "kind: обязательное поле: добавьте вид записи ({kinds})"
KIND_ABSENT_BUT_LIKE = 'kind: обязательное поле: запись похожа на {kind}, добавьте "kind": "{kind}"'
KIND_UNKNOWN = "kind: такого вида записей нет, есть {kinds}"
KIND_UNTOLD = "по полям не понять, что это за запись: добавьте поле kind ({kinds})"
ELSEWHERE = {
    "booking": "это запрос на запись: отправьте его на POST /booking/book",
    "cancelling": "это запрос на отмену записи: отправьте его на POST /booking/cancel",
    "answer": "это ответ на запись или отмену, а не запись реестра: загружать его не нужно",
    "gateway": "это ответ шлюза, а не запись реестра: загружать его не нужно",
    "signing_in": "это запрос на вход в шлюз: отправьте его на POST /auth.svc",
}

BROKEN_LINE = "строка не читается как JSON: исправьте её"
LONG_LINE = "строка длиннее {limit} байт: одна запись занимает одну строку"
BROKEN_JSON = "JSON нарушен в строке {line}, столбце {column}: записи отсюда и до конца не прочитаны, исправьте файл"
UNFINISHED_JSON = "JSON обрывается в строке {line}, столбце {column}: пришлите файл целиком"
AFTER_THE_END = "после конца массива есть лишнее (строка {line}, столбец {column}): уберите его"
NOT_UTF8 = "текст не в кодировке UTF-8: записи отсюда и до конца не прочитаны, сохраните файл в UTF-8"
UTF16 = "файл в кодировке UTF-16: сохраните его в UTF-8"
BROKEN_GZIP = "архив gzip повреждён: записи отсюда и до конца не прочитаны, пришлите его заново"
UNFINISHED_GZIP = "архив gzip обрывается: записи отсюда и до конца не прочитаны, пришлите его целиком"
SWOLLEN_GZIP = "архив gzip распаковывается в слишком большой файл: записи отсюда и до конца не прочитаны, разделите его"

TAKEN_ID = (
    "идентификатор {id}: под ним уже загружена запись другого содержания, которое не меняется: "
    "пришлите новую запись под новым идентификатором"
)

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")

_OF_KIND: Final = {
    "mo": ("структурном подразделении", "структурного подразделения"),
    "resource": ("ресурсе", "ресурса"),
    "speciality": ("специальности", "специальности"),
    "service": ("услуге", "услуги"),
    "slot": ("слоте", "слота"),
    "patient": ("пациенте", "пациента"),
    "attachment": ("прикреплении", "прикрепления"),
    "representation": ("представительстве", "представительства"),
    "purpose": ("цели консультации", "цели консультации"),
    "referral": ("направлении", "направления"),
    "unaccessable_period": ("периоде недоступности", "периода недоступности"),
    "profilecode_resource": ("связи с профилем", "связи с профилем"),
    "book": ("записи на приём", "записи на приём"),
    "consent_document": ("документе согласия", "документа согласия"),
}


def fault(field: str, reason: str) -> Fault:
    """A fault of one field, which the sentence names first."""
    return Fault(field=field, code=FORM, reason=f"{field}: {reason}")


def whole_fault(reason: str) -> Fault:
    """A fault of a whole record or of the file around it."""
    return Fault(field=None, code=FORM, reason=reason)


def too_long(limit: int) -> str:
    """A text is longer than its field."""
    return f"не длиннее {limit} знаков: сократите"


def not_whole(lowest: int, highest: int, *, of: str) -> str:
    """A number is not whole or out of bounds. What came is not repeated: columns shift, and it may be a person's."""
    return f"нужно целое число{of and f' {of}'} от {lowest} до {highest}"


def not_one_of(values: Iterable[str]) -> str:
    """A value is outside its list. What came is not repeated: columns shift, and it may be a person's."""
    return f"нужно одно из значений {', '.join(values)}"


def unknown(field: str) -> Fault:
    """A field that the kind does not have."""
    if _NAME.fullmatch(field):
        return fault(field, "такого поля нет: уберите его или исправьте имя")
    return whole_fault("есть поле с недопустимым именем: уберите его")


class RussianWording:
    """The sentences about records that the register did not take (port `Wording`)."""

    def duplicate(self, line: Line) -> Fault:
        """The FER profile's own sentence (5.4), for every kind."""
        where, whose = _OF_KIND[line.kind]
        reason = (
            f"В {where} с идентификатором '{line.id}': Уникальный идентификатор {whose} [id] имеет дубликат "
            "внутри запроса: загружена первая запись, уберите лишнюю"
        )
        return Fault(field="id", code=FORM, reason=reason)

    def obstacle(self, line: Line, obstacle: Obstacle) -> Fault:
        """What the record refers to is missing, or another one stands in its place."""
        match obstacle:
            case Orphan(field=field, value=value):
                reason = f"{field}: нет такого {field}: {value}: загрузите его вместе с этой записью или раньше неё"
                return Fault(field=field, code=REGISTER, reason=reason)
            case Clash(other=other) if other == line.id:
                return Fault(field="id", code=REGISTER, reason=TAKEN_ID.format(id=other))
            case Clash(fields=("slot_id", "visit_time"), other=other):
                return Fault(field="visit_time", code=REGISTER, reason=BOOKED_SLOT.format(id=other))
            case Clash(fields=fields, other=other):
                reason = (
                    f"идентификатор {line.id}: запись дублирует ранее загруженную с другим идентификатором [{other}], "
                    f"совпадает {', '.join(fields)}: исправьте или удалите одну из двух"
                )
                return Fault(field=fields[0] if fields else None, code=REGISTER, reason=reason)
