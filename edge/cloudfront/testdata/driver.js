// Appended to the function by the tests: runs one request, says what came of it.
const inner = decide;
decide = async function (event, kvs) {
    cf.decision = await inner(event, kvs);
    return cf.decision;
};

// eventOf makes the event of a request; agent and visitor '' are none.
function eventOf(method, uri, visitor, address, agent) {
    const event = {
        version: '1.0',
        context: {distributionId: 'E1', eventType: 'viewer-request', requestId: 'r1'},
        viewer: {ip: address},
        request: {
            method: method, uri: uri, querystring: {}, cookies: {}, headers: {
                host: {value: 'shop.example.com'}, accept: {value: '*/*'},
                'x-banyan-arm': {value: 'spoofed'}, 'x-banyan-epoch': {value: 'spoofed'}, 'x_banyan-visitor': {value: 'spoofed'}
            }
        }
    };
    if (agent !== '') { event.request.headers['user-agent'] = {value: agent}; }
    if (visitor !== '') { event.request.cookies['banyan_visitor'] = {value: visitor}; }
    return event;
}

function text(field) { return field ? field.value : ''; }

// run returns what became of one request as lines.
async function run(method, uri, visitor, address, agent, now) {
    const event = eventOf(method, uri, visitor, address, agent);
    cf.gets = 0;
    cf.origin = '';
    cf.decision = null;
    Date.now = function () { return now; };
    const request = await handler(event);
    const d = cf.decision || {reason: 'failed', rule: '', visitor: '', derived: false};
    const headers = request.headers;
    return [text(headers['x-banyan-arm']), text(headers['x-banyan-epoch']), text(headers['x-banyan-visitor']),
        cf.origin, d.reason, String(d.rule), d.visitor, String(d.derived), String(cf.gets),
        String(request.uri === uri && headers['x_banyan-visitor'] === undefined)].join('\n');
}
