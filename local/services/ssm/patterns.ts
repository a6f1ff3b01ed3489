/** Patterns of botocore 1.43, ssm/2014-11-06. */
export const instanceIdPattern = /(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)/;
export const documentNamePattern = /^[a-zA-Z0-9_\-.:/]{3,128}$/;
export const versionPattern = /([$]LATEST|[$]DEFAULT|^[1-9][0-9]*$)/;
