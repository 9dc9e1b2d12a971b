// What CloudFront gives a function, for the tests: strict where its pages are.
const FAILOVER = [400, 403, 404, 416, 429, 500, 502, 503, 504];

function checkHost(overrides) {
    if (overrides !== undefined && (typeof overrides.hostHeader !== 'string' || overrides.hostHeader === '')) {
        throw new Error('bad hostHeader');
    }
    return overrides === undefined ? '' : '@' + overrides.hostHeader;
}

function checkOrigin(id) {
    if (id !== 'legacy' && id !== 'serverless') {
        throw new Error('no origin ' + id);
    }
    return id;
}

export default {
    lookup: null, // set by the test: a value of the store, or undefined
    gets: 0,
    origin: '',
    groups: true,
    decision: null,

    kvs: function () {
        const self = this;
        return {
            get: async function (key, options) {
                self.gets++;
                const value = self.lookup(key);
                if (value === undefined) {
                    throw new Error('KeyNotFound ' + key);
                }
                return options && options.format === 'json' ? JSON.parse(value) : value;
            }
        };
    },

    selectRequestOriginById: function (id, overrides) {
        this.origin = checkOrigin(id) + checkHost(overrides);
    },

    createRequestOriginGroup: function (group) {
        if (!this.groups || group.originIds.length !== 2) {
            throw new Error('bad origin group');
        }
        const names = group.originIds.map(function (member) {
            return checkOrigin(member.originId) + checkHost(member.originOverrides);
        });
        const codes = group.failoverCriteria.statusCodes;
        for (let i = 0; i < codes.length; i++) {
            if (FAILOVER.indexOf(codes[i]) < 0 || codes.indexOf(codes[i]) !== i) {
                throw new Error('bad status ' + codes[i]);
            }
        }
        this.origin = names.join('>') + ' on ' + codes.join(',');
    }
};
