/** What lies between gateway and connector. */
export interface Network {
  readonly name: string;
  /** Where the gateway listens. */
  readonly gatewayHost: string;
  /** Network namespaces of the two; undefined is the machine's own. */
  readonly gatewayNamespace: string | undefined;
  readonly connectorNamespace: string | undefined;
  close(): Promise<void>;
}

/** The loopback interface: no latency, no loss, and more bandwidth than the processors can use. */
export const loopback: Network = {
  name: 'loopback',
  gatewayHost: '127.0.0.1',
  gatewayNamespace: undefined,
  connectorNamespace: undefined,
  close: async () => undefined,
};
