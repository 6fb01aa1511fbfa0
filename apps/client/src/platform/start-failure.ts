import { t } from '../i18n/t.ts';

/** What is shown where the app could not start at all: made of plain elements, since nothing else may be relied on. */
export function showStartFailure(target: HTMLElement, reload: () => void): void {
  const page = document.createElement('main');
  page.setAttribute('role', 'alert');
  page.style.cssText = 'margin: 15vh auto; padding: 0 24px; max-width: 480px; text-align: center;';
  const title = document.createElement('h1');
  title.textContent = t.app.name;
  const text = document.createElement('p');
  text.textContent = t.app.startFailed.text;
  text.style.cssText = 'margin: 12px 0 20px;';
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = t.app.startFailed.reload;
  button.style.cssText = 'min-height: 44px; padding: 0 20px; border: 1px solid currentColor; border-radius: 10px;';
  button.addEventListener('click', reload);
  page.append(title, text, button);
  target.replaceChildren(page);
}
