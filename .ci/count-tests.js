// Reads Jest's JSON and prints `<passed> <failed>`. A skipped test counts as failed: in CI none may be skipped.
import { readFileSync } from 'node:fs';

const counts = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = counts;
if (numPendingTests > 0) console.error(`${numPendingTests} tests were skipped: in CI none may be.`);
if (numPassedTests === 0) console.error('No test was run.');
console.log(`${numPassedTests} ${numFailedTests + numPendingTests + numRuntimeErrorTestSuites}`);
process.exitCode = numPassedTests === 0 || numPendingTests > 0 ? 1 : 0;
