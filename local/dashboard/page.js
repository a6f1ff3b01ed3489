/**
 * The dashboard's side of a custom widget, as the CloudWatch User Guide describes it: calls the function, takes scripts
 * and their like out of what it answers, and lets `cwdb-action` do its work on the element before it.
 */
const root = document.documentElement.dataset;

/** Nothing of this gets onto a page: CloudWatch allows no JavaScript. */
const forbidden = 'script,iframe,object,embed,link,meta,base,frame,frameset,applet';

const cleaned = (text) => {
  const template = document.createElement('template');
  template.innerHTML = text;
  for (const element of template.content.querySelectorAll(forbidden)) element.remove();
  for (const element of template.content.querySelectorAll('*'))
    for (const { name, value } of [...element.attributes])
      if (/^on/i.test(name) || /^\s*javascript:/i.test(value)) element.removeAttribute(name);
  return template.content;
};

const formsOf = (widget) =>
  Object.fromEntries(
    [...widget.querySelectorAll('input,select,textarea')].map(({ name, value }) => [name, value]),
  );

const contextOf = (widget) => ({
  dashboardName: root.dashboard,
  widgetId: widget.id,
  accountId: root.account,
  locale: 'en',
  timezone: { label: 'UTC', offsetISO: '+00:00', offsetInMinutes: 0 },
  period: 300,
  isAutoPeriod: true,
  theme: root.theme,
  linkCharts: true,
  title: widget.parentElement.querySelector('h2')?.textContent ?? '',
  forms: { all: formsOf(widget) },
  params: JSON.parse(widget.dataset.params),
  width: widget.clientWidth,
  height: widget.clientHeight,
});

const call = async (widget, endpoint, params) => {
  const response = await fetch('/invoke', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ endpoint, payload: { ...params, widgetContext: contextOf(widget) } }),
  });
  const { failed, payload } = await response.json();
  return failed ? { failed, text: payload } : { failed, text: JSON.parse(payload) };
};

const shown = ({ failed, text }) => {
  if (!failed && typeof text === 'string') return cleaned(text);
  const pre = document.createElement('pre');
  pre.textContent = failed ? `Error invoking the function:\n${text}` : JSON.stringify(text, undefined, 2);
  const fragment = document.createDocumentFragment();
  fragment.append(pre);
  return fragment;
};

const confirmed = (question) => {
  const dialog = document.getElementById('question');
  dialog.querySelector('p').textContent = question;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
};

const popUp = (content) => {
  const dialog = document.getElementById('popup');
  dialog.querySelector('.body').replaceChildren(content);
  dialog.showModal();
};

const armed = (widget, content) => {
  for (const action of content.querySelectorAll('cwdb-action')) {
    const element = action.previousElementSibling;
    const event = action.getAttribute('event') ?? 'click';
    element?.addEventListener(event, async () => {
      const question = action.getAttribute('confirmation');
      if (question !== null && !(await confirmed(question))) return;
      const isPopup = action.getAttribute('display') === 'popup';
      const result =
        action.getAttribute('action') === 'call'
          ? shown(await call(widget, action.getAttribute('endpoint'), JSON.parse(action.textContent)))
          : cleaned(action.innerHTML);
      if (isPopup) popUp(result);
      else show(widget, result);
    });
  }
  return content;
};

const show = (widget, content) => {
  widget.replaceChildren(armed(widget, content));
  widget.dataset.loads = String(Number(widget.dataset.loads ?? 0) + 1);
};

for (const widget of document.querySelectorAll('div.custom'))
  show(widget, shown(await call(widget, widget.dataset.endpoint, JSON.parse(widget.dataset.params))));
