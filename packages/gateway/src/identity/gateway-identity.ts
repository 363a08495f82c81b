/** Sessions that the gateway opens itself have this identity; the configuration keeps the name free. */
export const gatewayIdentity = 'onrecord';
