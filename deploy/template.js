/**
 * What serverless.yml takes from code, as `${file(./deploy/template.js):NAME}`: one export a line, each a function that
 * osls calls with its variables. In plain JavaScript, because osls reads any other file as text.
 */
export { schedules } from './schedules.ts';
export { bucket, bucketName, documents, roles, watching } from './stack.ts';
