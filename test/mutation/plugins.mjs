// What Stryker loads besides its own: who leaves prose alone, and who tells of each mutant as soon as it is tried.
import { declareClassPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** Sentences for people are the business of other tests, and a test that pins each by its letters proves nothing. */
const words = {
  shouldIgnore({ node, parent }) {
    const isText = node.type === 'StringLiteral' || node.type === 'TemplateLiteral';
    if (isText && parent?.type === 'ObjectProperty' && isLanguage(parent)) return 'a sentence';
    if (node.type === 'ObjectExpression' && node.properties.length > 0 && node.properties.every(isLanguage)) {
      return 'a sentence';
    }
    if (isText && isSaid(parent, node)) return 'a sentence';
    return undefined;
  },
};

function isLanguage({ type, key }) {
  return type === 'ObjectProperty' && (key?.name === 'zh' || key?.name === 'en');
}

/** What an error or a line of the log says to whoever reads it. */
function isSaid(parent, node) {
  if (parent === undefined || !parent.arguments?.includes(node)) return false;
  const { callee } = parent;
  if (parent.type === 'NewExpression') return ['Error', 'RangeError', 'TypeError'].includes(callee.name);
  return (
    ['wrong', 'wrongSetting'].includes(callee.name) ||
    callee.object?.name === 'log' ||
    callee.object?.property?.name === 'log'
  );
}

class Told {
  onMutationTestingPlanReady({ mutantPlans }) {
    process.send?.({ planned: mutantPlans.length });
  }
  onMutantTested({ fileName, location, mutatorName, replacement, status, statusReason, static: isStatic }) {
    process.send?.({
      mutant: { fileName, location, mutatorName, replacement, status, statusReason, isStatic },
    });
  }
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'words', words),
  declareClassPlugin(PluginKind.Reporter, 'told', Told),
];
