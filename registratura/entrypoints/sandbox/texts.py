"""What the sandbox says on the terminal and on its start page."""

LOADING = "Придумываем регион…"
LOADED_SO_FAR = "Придумываем регион… {records} записей"
LOADED = "Выдуманный регион готов: {records} записей, отказано {refused}."
WELCOME = """
  Песочница работает. Откройте в браузере:

    {address}/sandbox/max/     чат пациента в MAX
    {address}/sandbox/esia/    Госуслуги: кто может войти
    {address}/sandbox/sferum/  чаты консультаций
    {address}/                 все адреса песочницы и её часы

  Данные лежат в {data}. Остановить: Ctrl-C.
"""
CLOCK_TITLE = "Часы песочницы"
CLOCK_NOW = "Сейчас в регионе: {now}."
CLOCK_MOVED = "Часы переведены вперёд."
CLOCK_NEXT = "Ближайшее дело: {next}."
CLOCK_NOTHING = "Напоминаний и других дел впереди нет: запишитесь на консультацию."
CLOCK_STEPS = {
    "next": "К ближайшему делу",
    "minute": "+1 минута",
    "quarter": "+15 минут",
    "hour": "+1 час",
    "day": "+1 день",
    "reset": "По часам компьютера",
}
HOME = """<h2>Песочница</h2>
<p>Регион, врачи и пациенты выдуманы.</p>
<ul>
<li><a href="/sandbox/max/">Чат пациента в MAX</a> — выберите жителя и запишитесь на консультацию</li>
<li><a href="/sandbox/esia/">Госуслуги</a> — выдуманные граждане и неисправности входа</li>
<li><a href="/sandbox/sferum/">Чаты консультаций</a> — что открыто и кто в них</li>
<li><a href="/sandbox/clock">Часы песочницы</a> — переведите вперёд и дождитесь напоминаний</li>
<li><a href="/readyz">Готовность</a> и <a href="/healthz">жизнь</a> сервера</li>
</ul>
<p class="muted">Ключ API для МИС: <code>{token}</code>. Например:
<code>curl -H "Authorization: Bearer {token}" --data-binary @файл.ndjson …/api/v1/load</code></p>"""
