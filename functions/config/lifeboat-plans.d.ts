/** The plans of lifeboat.yml, complete: deploy/plans-plugin.ts puts them into the bundle when the service is packaged. */
declare module 'lifeboat:plans' {
  const plans: readonly import('./plan.ts').Plan[];
  export default plans;
}
