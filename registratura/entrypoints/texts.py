"""What the command line says to people: one catalogue for commands, settings and the doctor."""

HELP = "Электронная регистратура: расписание, запись, телемедицинские консультации, обмен."
HOST = "Адрес, на котором слушать."
PORT = "Порт."
WORKERS = "Сколько процессов."
FILES = "Файлы NDJSON или JSON, можно .gz; «-» — стандартный ввод."
DATA = "Папка с данными песочницы."
FRESH = "Начать с пустой папки."
SERVE = "HTTP: вебхук MAX, API для МИС."
WORK = "Разбирает входящее, отправляет исходящее; таких процессов может быть сколько угодно."
MIGRATE = "Приводит базу данных к новейшей схеме."
LOAD = "Загружает записи: организации, врачей, слоты, пациентов. Повтор того же файла ничего не меняет."
DOCTOR = "Проверяет каждую зависимость: работает ли, а если нет, то почему и что делать."
SANDBOX = "Всё сразу для знакомства: HTTP, обработчик, эмулятор MAX и выдуманный регион."
BACKUP = "Сохраняет всё, что есть в базе данных, в один файл; остальное в это время работает."
FOLDER = "Папка для резервных копий."
KEEP = "Сколько последних копий оставить; без этого остаются все."
RESTORE = "Возвращает базу данных из резервной копии; прежнее сохраняет рядом с ней."
BACKUP_FILE = "Файл, который сделала команда registratura backup."
ADMINISTRATOR = "Делает администратором: первого, которого некому назначить, и того, кто забыл пароль."
LOGIN = "Логин; у кого он уже есть, тот получает права и новый пароль."
PASSWORD = "Пароль"  # noqa: S105  # words about a secret
PASSWORD_AGAIN = "Ещё раз"  # noqa: S105  # words about a secret
REPLACE = "Заменить то, что уже есть в базе."

WRONG_SETTINGS = "Настройки не подходят:\n{faults}"
DATABASE_NOT_READY = "База данных не готова: {reason}. Новую схему создаёт команда registratura migrate"
DATABASE_SILENT = "База данных не отвечает: {reason}"
MIGRATED = "Схема базы данных новейшая."
NO_FILE = "Нет такого файла: {names}"
IS_FOLDER = "Это папка, а нужен файл: {names}"
NO_RECORDS = "Записей нет: файл пуст. Проверьте выгрузку."
BACKED_UP = (
    "Резервная копия: {file} ({megabytes} МБ). В ней персональные данные: храните её на другом диске, под замком."
)
RESTORED = "База данных восстановлена из {file}. Теперь: registratura migrate, затем serve и work."
SAVED_BEFORE = "То, что было до этого: {file}"
FILE_NOT_USABLE = "Файл или папка не годится: {name} ({reason}). Проверьте путь, права и место на диске."
NOT_BACKED_UP = {
    "not_a_backup": "Это не резервная копия для такой базы данных, или она повреждена. Возьмите другую копию.",
    "from_a_newer_version": "Копию сделала более новая версия registratura. Сначала обновите программу.",
    "not_empty": "В базе уже есть записи. Чтобы заменить их, повторите с --replace: прежнее будет сохранено рядом.",
    "no_program": "Нет программы {detail}. Установите клиент PostgreSQL той же версии, что и сервер.",
    "program_failed": "Программа {detail} не справилась. Проверьте, что её версия не старше сервера, что хватает прав"
    " и места, и что serve и work остановлены.",
}
PASSWORD_SHORT = "Пароль короче {shortest} символов. Придумайте длиннее: его не нужно часто вводить."  # noqa: S105  # words about a secret
NO_LOGIN = "Логин пуст. Например: registratura administrator ivanova"
LOGIN_TAKEN = "Этот логин только что занял кто-то другой. Повторите команду."
APPOINTED = "Администратор {login}: вход на {address}/login, учётные записи на {address}/admin/accounts"
PORT_TAKEN = "Порт {port} на {host} занять нельзя: {reason}. Другой порт: --port"
METRICS_PORT_TAKEN = "Адрес {address} занять нельзя: {reason}. Проверьте worker.metrics_address"
VERSION = "Показать версию."
NOT_STARTED = "Не удалось начать: {reason}. Другой порт: PORT=8001 make run"
REFUSED = "{name}:{line} {kind} {id} {code} {reason}"
RECORDS = "{task.fields[records]} записей"
FILE_DONE = "{name}:"
COUNTS = "  {kind}: новых {created}, изменено {changed}, без изменений {same}, отказано {refused}"

NO_SUCH_SETTING = "такой настройки нет"
EXPECTED = "{path} ({variable}): ожидается {expected}"
FILE_UNREADABLE = "{name}: файл не читается ({reason})"
FILE_OF_UNREADABLE = "{setting}: файл {file} не читается ({reason})"
FILE_OF_UNFIT = "{setting}: в файле {file} не то, ожидается {expected}"
AUTHORITIES = "сертификат удостоверяющего центра в PEM"
TOKEN_KEYS = "сертификаты ЕСИА или открытые ключи RSA не короче 2048 бит, PEM или DER"  # noqa: S105  # words about keys
NEEDED = "{settings}: нужно задать, раз задано {because}"
NEEDED_BY_ESIA = "esia.url при esia.mode = {mode}"
OR = " или "
FILE_NOT_TOML = "{name}: это не файл TOML ({reason})"
SWITCH = "true или false"
WHOLE = "целое число от {least} до {most}"
ONE_OF = "одно из значений: {values}"
ZONE = "название часового пояса, например Europe/Moscow"
CLOCK = "местное время, например 18:00, или пусто, если предела нет"
ADDRESS = "адрес, который начинается с http:// или https://"
LISTEN = "адрес и порт, например 127.0.0.1:9101, или пусто"
DATABASE_URL = "sqlite:///путь/к/файлу или postgresql://пользователь@сервер/база"
WORDS = "текст"
TOKEN = "печатные латинские буквы, цифры и знаки"  # noqa: S105  # words about a secret
CERTIFICATE_HASH = (
    "64 шестнадцатеричные цифры прописными буквами: ГОСТ Р 34.11-2012 (256 бит) от сертификата в DER,"
    " а не SHA-1 и не SHA-256"
)
CONSENT_CHANGED = (
    "tmk.consent_text (REGISTRATURA_TMK_CONSENT_TEXT): текст согласия версии {version} уже показывали другим."
    " Задайте новую tmk.consent_version"
)
WEBHOOK_SECRET = "от 5 до 256 латинских букв, цифр, «_» или «-»"  # noqa: S105  # words about a secret

DATABASE = "база данных"
DATABASE_ADVICE = "{reason}. Проверьте database.url; новую схему создаёт команда registratura migrate"
DATABASE_WORKS = "отвечает ({version}), схема новейшая"
DATABASE_OLD = "отвечает ({version}), но схема старая. Обновите: registratura migrate"
DURABILITY = "надёжность записи"
DURABLE = "подтверждённая запись переживёт отключение питания"
NOT_DURABLE = "подтверждённая запись может пропасть при сбое: включите fsync и synchronous_commit в postgresql.conf"
CLOCKS = "часы"
CLOCK_TOGETHER = "расходятся с базой на {seconds} с"
CLOCK_APART = "расходятся с базой на {seconds} с: включите синхронизацию времени (NTP) на обеих машинах"
CONNECTIONS = "соединения с базой"
CONNECTIONS_ENOUGH = "база допускает {most}, одному процессу нужно до {one}: хватит на {fit} процессов serve и work"
CONNECTIONS_FEW = (
    "база допускает {most}, одному процессу нужно до {one}: увеличьте max_connections или уменьшите database.pool_size"
)
ROOM = "место на диске"
ROOM_ENOUGH = "свободно {gigabytes} ГБ"
ROOM_LITTLE = "свободно {gigabytes} ГБ: освободите место, иначе записи прекратятся"
MAX = "MAX"
MAX_NOT_SET = "не настроен: задайте max.token (REGISTRATURA_MAX_TOKEN)"
MAX_NO_SECRET = "вебхук не примет ни одного события: задайте max.webhook_secret"  # noqa: S105  # words about a secret
MAX_SILENT = "{url} не отвечает как надо ({reason}). Проверьте max.url, max.token и сертификат (max.ca_file)"
MAX_WORKS = "отвечает, бот {bot}"
ESIA = "Госуслуги"
ESIA_OFF = "не подключены: задайте esia.url, иначе войти можно только по паролю"
ESIA_SILENT = (
    "{url} не отвечает как надо ({reason}). Проверьте esia.url, esia.mode, esia.issuer и сертификат (esia.ca_file)"
)
ESIA_WORKS = "вход можно начать"
CHATS = "чаты консультаций"
CHATS_OFF = "не открываются: задайте sferum.url и sferum.token"
CHATS_ON = "открываются в Сферуме"
EXAMPLES = {
    "lists": "пример «списки»",
    "booking": "пример «запись и отмена»",
    "reminder": "пример «напоминание»",
    "end": "пример «завершение консультации»",
    "sending": "пример «сообщение ровно один раз»",
    "password": "пример «вход по паролю»",
}
EXAMPLE_RIGHT = "прошёл"
EXAMPLE_PASSED = "прошёл со второго раза (сначала {fault}). Это сбой, а не отказ: повторите и посмотрите журнал"
EXAMPLE_WRONG = "не прошёл ({fault}). Сообщите поддержке, приложив журнал"
EXAMPLES_OPTION = "Пройти контрольные примеры: после них в базе ничего не остаётся."
API = "API для МИС"
API_CLOSED = "закрыт: ключ api.token не задан, ответ всем 401"
API_OPEN = "открыт по ключу"
