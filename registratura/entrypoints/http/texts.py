"""What the HTTP entrypoint says to people who call it: developers of other systems, and visitors of its pages."""

from registratura.domain.consultations import EndRefusal

TITLES = {
    400: "Запрос не разобран",
    401: "Нужен ключ",
    404: "Не найдено",
    405: "Метод не подходит",
    408: "Запрос пришёл слишком медленно",
    409: "Запись невозможна сейчас",
    413: "Слишком большой запрос",
    415: "Формат не подходит",
    422: "Запись невозможна",
    500: "Неисправность",
    503: "Временно недоступно",
}

TOKEN_NEEDED = "Передайте заголовок Authorization: Bearer <ключ>. Ключ задаёт настройка api.token."  # noqa: S105  # words about a key
FOREIGN_CALL = "Заголовок X-Max-Bot-Api-Secret не совпадает с настройкой max.webhook_secret."
TOO_LARGE = "Тело запроса больше {limit} байт. Разделите его на части."
NOT_JSON = "Тело запроса — не JSON в UTF-8. Ошибка около байта {place}."
NOT_OBJECT = "Ожидается объект JSON."
BAD_UPDATE = "Событие MAX не разобрано: {place}."
BAD_FIELDS = "Проверьте поля, перечисленные в errors."
FIELD_MISSING = "обязательное поле"
FIELD_UNKNOWN = "такого поля нет"
FIELD_TEXT = "нужна непустая строка печатных знаков, не длиннее 200"
FIELD_ONE_OF = "одно из значений: {values}"
FIELD_DAY = "день в виде ГГГГ-ММ-ДД"
FIELD_MOMENT = "момент в виде ГГГГ-ММ-ДДTЧЧ:ММ:СС, лучше с поправкой часового пояса"
FIELD_WORDS = "строка не длиннее {longest} знаков"
FIELD_NOT_BEFORE = "не раньше {other}"
FIELD_DAYS = "не раньше from и не дальше {longest} дней, считая оба"
MO_UNKNOWN = "Такой медицинской организации нет."
PATH = "По этому адресу ничего нет. Проверьте адрес: он начинается с /api/v1/."
METHOD = "Этот адрес принимает: {allowed}."
NEEDS_PATIENT = "Укажите patient_id в строке запроса: печатные знаки, не длиннее 200."
UNAVAILABLE = "База данных сейчас не отвечает. Повторите через {seconds} с."
DRAINING = "останавливается: новых запросов не присылайте"
LATE = (
    "Ответ не готов вовремя, но работа могла продолжиться. Повторите через {seconds} с с тем же Idempotency-Key:"
    " сделанное не сделается дважды."
)
TOO_SLOW = "Тело запроса шло слишком медленно. Повторите запрос."
FAULT = "Что-то сломалось на нашей стороне. Повторите через минуту. Если не поможет, сообщите в поддержку код {code}."
KEY_REUSED = "Этот Idempotency-Key уже был с другим телом запроса. Возьмите новый ключ."
KEY_SHAPE = "Idempotency-Key: от 1 до 200 печатных знаков латиницы."

REFUSALS = {
    "DataMismatch": "В заявке не хватает сведений: для консультации нужны purpose_id и consent_version.",
    "SlotUnknown": "Слот не найден.",
    "SlotAnnulled": "Слот аннулирован.",
    "DoctorAbsent": "В это время врач не принимает.",
    "SlotTaken": "Слот занят или заблокирован.",
    "PatientUnknown": "Пациент не найден.",
    "Deceased": "Карта пациента закрыта: указана дата смерти.",
    "NotRepresented": "Автор записи не вправе записывать этого пациента.",
    "WrongChannel": "Бирка не соответствующего типа.",
    "InternetBookingClosed": "К этому врачу нельзя записаться через Интернет.",
    "NotAccepting": "МО или врач не принимает пациентов с таким прикреплением.",
    "OtherDistrict": "Участковый врач обслуживает другой участок.",
    "NoAttachment": "Нет прикрепления: участковый врач принимает только свой участок.",
    "DoctorNotInMessenger": "У врача нет идентификатора в мессенджере.",
    "PurposeUnavailable": "Цель консультации недоступна для этого пациента или врача.",
    "ConsentOutdated": "Согласие дано на прежний текст. Покажите действующий и передайте его версию.",
    "SlotInPast": "Время приёма уже наступило.",
    "DayClosed": "Запись на этот день закрыта.",
    "BeyondHorizon": "Запись на этот день ещё не открыта.",
    "SexMismatch": "Специальность не для пола этого пациента.",
    "AgeMismatch": "Слот не соответствует возрасту пациента.",
    "BusyAtThatTime": "У пациента уже есть запись на это время.",
    "SameDoctorThatDay": "У пациента уже есть запись к этому врачу на этот день.",
    "SpecialityBooked": "У пациента уже есть запись к врачу этой специальности в этой МО.",
    "SpecialityBookedThatDay": "У пациента уже есть запись к врачу этой специальности в этой МО на этот день.",
    "AppointmentUnknown": "Запись не найдена.",
    "NotYours": "Запись принадлежит другому пациенту.",
    "AlreadyCancelled": "Запись уже отменена.",
    "AlreadyOver": "Приём уже начался или завершён, отменять нечего.",
}

FROM_CLINIC = {
    "Declined": "МИС медицинской организации отказала в записи.",
    "Kept": "МИС медицинской организации не приняла отмену, запись действует.",
}
"""What a clinic says that decides about bookings itself."""

CHAT_UNKNOWN = "У этой записи нет чата: он открывается за несколько минут до консультации."
RESOURCE_UNKNOWN = "Такого врача нет."
END_REFUSALS = {
    EndRefusal.UNKNOWN: "Такой записи нет.",
    EndRefusal.NOT_ONLINE: "Это не телемедицинская консультация.",
    EndRefusal.CANCELLED: "Запись отменена: завершать нечего.",
    EndRefusal.MISSED: "МО уже сообщила, что пациент не пришёл: завершать нечего.",
    EndRefusal.NO_SUCH_DOCTOR: "Врача из resource_id нет. Без него завершает врач, к которому записан пациент.",
    EndRefusal.NOT_BEGUN: "Окончание должно быть позже начала консультации.",
    EndRefusal.IN_FUTURE: "Окончание ещё не наступило: проверьте ended_at и часы.",
}
NOBODY_THERE = {"patient_id": "такого пациента нет", "resource_id": "такого врача нет"}

LOGIN_PAGE = """<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Вход через Госуслуги</title><link rel="stylesheet" href="/static/page.css"></head>
<body><main><h1>Вход через Госуслуги</h1>
<p>В этой установке вход через Госуслуги ещё не подключён.</p>
<p>Чтобы пользоваться записью в MAX, попросите регистратуру своей поликлиники или оператора по номеру 122
связать ваш MAX с медицинской картой, затем вернитесь в чат и нажмите «Проверить ещё раз».</p>
<p>Если кому-то резко стало плохо, звоните 103 или 112.</p></main></body></html>
"""

DOCS_PARAMETERS = "Параметры"
DOCS_BODY = "Тело"
DOCS_ANSWERS = "Ответы"
DOCS_PAGE = """<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: API</title><link rel="stylesheet" href="/static/page.css"></head>
<body><main class="wide"><h1>{title}: API</h1>
<p>Для программ: <a href="/openapi.json">openapi.json</a>. Звёздочкой отмечено обязательное.</p>
{description}
{operations}
</main></body></html>
"""
