// Holds cdk-nag's findings about templates against the answers in NAG.md: each
// finding has one, and each answer still has its finding.
//
//	node nag.mjs FOLDER-WITH-NODE_MODULES NAG.md TEMPLATE…
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const [modules, answersFile, ...templates] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), 'x.js'));
const { App, Stack, Validations } = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
const { AwsSolutionsChecks, ServerlessChecks } = require('cdk-nag');

// findings returns "rule template/Resource" of each violation in a template.
function findings(file) {
  const name = path.basename(file, '.yaml').replace(/-\d+$/, '');
  const outdir = mkdtempSync(path.join(tmpdir(), 'banyan-nag-'));
  try {
    const app = new App({ outdir, analyticsReporting: false });
    new CfnInclude(new Stack(app, name), 'T', { templateFile: file });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
    try {
      app.synth();
    } catch (failed) {
      if (failed.name !== 'ValidationFailed') throw failed; // findings; they are in the report
    }
    const report = JSON.parse(readFileSync(path.join(outdir, 'validation-report.json'), 'utf8'));
    return report.pluginReports
      .filter(plugin => plugin.pluginName === 'AwsSolutions' || plugin.pluginName === 'Serverless')
      .flatMap(plugin => plugin.violations)
      .flatMap(violation => violation.violatingConstructs.map(construct =>
        violation.ruleName.replace(/\[.*/, '') + ' ' + construct.constructPath.replace('/T/', '/')));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

// answers reads the table: | rule | template/Resource, … | answer |
function answers(text) {
  const found = new Set();
  for (const row of text.split('\n')) {
    const [, rule, where, answer] = row.split('|').map(cell => cell.trim());
    if (/^(AwsSolutions|Serverless)-/.test(rule) && answer) {
      where.split(',').forEach(at => found.add(rule + ' ' + at.trim()));
    }
  }
  return found;
}

console.error = console.warn = () => {};
process.stderr.write = () => true;
const found = new Set(templates.flatMap(findings));
const answered = answers(readFileSync(answersFile, 'utf8'));
const open = [...found].filter(f => !answered.has(f)).sort();
const stale = [...answered].filter(a => !found.has(a)).sort();
open.forEach(f => console.log('not answered: ' + f));
stale.forEach(a => console.log('answered, but no longer found: ' + a));
console.log(`cdk-nag: ${found.size} findings in ${templates.length} templates, ${open.length} not answered`);
process.exit(open.length + stale.length ? 3 : 0);
