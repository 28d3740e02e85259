"""What the sandbox says on the terminal and on its start page."""

LOADING = "Придумываем регион…"
LOADED_SO_FAR = "Придумываем регион… {records} записей"
LOADED = "Выдуманный регион готов: {records} записей, отказано {refused}."
WELCOME = """
  Песочница работает. Откройте в браузере:

    {address}/sandbox/max/   чат пациента в MAX
    {address}/               все адреса песочницы

  Данные лежат в {data}. Остановить: Ctrl-C.
"""
HOME = """<p>Это песочница: регион, врачи и пациенты выдуманы.</p>
<ul>
<li><a href="/sandbox/max/">Чат пациента в MAX</a> — выберите жителя и запишитесь на консультацию</li>
<li><a href="/readyz">Готовность</a> и <a href="/healthz">жизнь</a> сервера</li>
</ul>
<p class="muted">Ключ API для МИС: <code>{token}</code>. Например:
<code>curl -H "Authorization: Bearer {token}" --data-binary @файл.ndjson …/api/v1/load</code></p>"""
