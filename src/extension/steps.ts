/** Steps of an input that can go back: each answers a value, "back", or undefined when the person leaves. */
import * as vscode from "vscode";

export interface StepPlace {
  readonly title: string;
  readonly step: number;
  readonly total: number;
}

export const BACK = Symbol("back");
export type Answer<T> = T | typeof BACK | undefined;

export interface PickChoice<T> extends vscode.QuickPickItem {
  /** Absent on rows that are there to be read. */
  readonly value?: T | typeof BACK;
}

interface PickOptions<T> extends StepPlace {
  readonly placeholder: string;
  readonly choices: readonly PickChoice<T>[];
  /** Makes a value of free text that is on no row; it is offered as the first row. */
  readonly typed?: (text: string) => PickChoice<T> | undefined;
}

export async function pickStep<T>(options: PickOptions<T>): Promise<Answer<T>> {
  const pick = vscode.window.createQuickPick<PickChoice<T>>();
  try {
    prepare(pick, options);
    pick.placeholder = options.placeholder;
    pick.matchOnDescription = true;
    pick.items = options.choices;
    const { typed } = options;
    if (typed !== undefined) {
      pick.onDidChangeValue((text) => {
        const own = text.trim() === "" ? undefined : typed(text);
        const isListed = own !== undefined && options.choices.some((choice) => choice.label === own.label);
        pick.items = own === undefined || isListed ? options.choices : [own, ...options.choices];
      });
    }
    return await new Promise<Answer<T>>((resolve) => {
      pick.onDidAccept(() => {
        const chosen = pick.selectedItems[0];
        if (chosen?.value !== undefined) resolve(chosen.value); // a row without a value is there to be read
      });
      pick.onDidTriggerButton(() => resolve(BACK));
      pick.onDidHide(() => resolve(undefined));
      pick.show();
    });
  } finally {
    pick.dispose();
  }
}

interface TextOptions<T> extends StepPlace {
  readonly prompt: string;
  readonly value?: string;
  readonly placeholder?: string;
  /** What is wrong with the text, while it is typed. */
  readonly complain: (text: string) => string | undefined;
  readonly parse: (text: string) => T;
  /** Said under the box while the text is fine, such as an estimated cost. */
  readonly remark?: (text: string) => string;
}

export async function textStep<T>(options: TextOptions<T>): Promise<Answer<T>> {
  const box = vscode.window.createInputBox();
  try {
    prepare(box, options);
    box.prompt = options.prompt;
    box.value = options.value ?? "";
    if (options.placeholder !== undefined) box.placeholder = options.placeholder;
    const judge = (text: string): boolean => {
      const wrong = text.trim() === "" ? undefined : options.complain(text);
      const remark = wrong === undefined && text.trim() !== "" ? options.remark?.(text) : undefined;
      box.validationMessage = wrong ?? (remark === undefined ? undefined : { message: remark, severity: vscode.InputBoxValidationSeverity.Info });
      return wrong === undefined && text.trim() !== "";
    };
    judge(box.value);
    return await new Promise<Answer<T>>((resolve) => {
      box.onDidChangeValue(judge);
      box.onDidAccept(() => {
        if (judge(box.value)) resolve(options.parse(box.value));
      });
      box.onDidTriggerButton(() => resolve(BACK));
      box.onDidHide(() => resolve(undefined));
      box.show();
    });
  } finally {
    box.dispose();
  }
}

function prepare(input: vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox, place: StepPlace): void {
  input.title = place.title;
  input.step = place.step;
  input.totalSteps = place.total;
  input.ignoreFocusOut = true; // a glance elsewhere loses nothing
  if (place.step > 1) input.buttons = [vscode.QuickInputButtons.Back];
}
