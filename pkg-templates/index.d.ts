export declare function init(): Promise<void>;
