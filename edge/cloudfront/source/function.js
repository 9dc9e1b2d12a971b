import cf from 'cloudfront';
const crypto = require('crypto');

// The viewer-request function. It makes the decision of edge/route's
// Table.Decide, step by step, and sends the request to the arm decided on.
// Whatever fails, the request goes to legacy: that is the behaviour's own origin.

// What the API takes in request line and headers is 10,240 bytes ("Quotas for
// HTTP APIs"); CloudFront and this function add some to what the viewer sent.
const API_BYTES = 10240 - 1024;

const EVERYONE = 10000;

// A path that two routers could read differently: see route.Ambiguity.
const AMBIGUOUS = /^(?!\/)|\/\/|[^\x20-\x7e]|[\\?#]|\/\.\.?(?:[\/;]|$)|%(?![0-9A-Fa-f]{2})|%(?:[01]|2[EFef]|5[Cc]|7[Ff])/;

// The escapes of unreserved characters: letters, digits, hyphen, underscore, tilde.
const UNRESERVED = /%(?:2[Dd]|3[0-9]|4[1-9A-Fa-f]|5[0-9AFaf]|6[1-9A-Fa-f]|7[0-9AEae])/g;

// Headers that only the edge may set. To CGI and its children an underscore is a hyphen.
const OWN_HEADER = /^x[-_](?:banyan[-_]|forwarded[-_]host$)/i;

async function handler(event) {
    const request = event.request;
    try {
        removeOwn(request.headers);
        request.headers['x-banyan-arm'] = {value: 'legacy'};
        const decision = await decide(event, cf.kvs());
        apply(request, decision);
    } catch (error) {
        console.log('banyan: to legacy: ' + error);
    }
    return request;
}

// removeOwn removes what the viewer claims to know.
function removeOwn(headers) {
    const names = Object.keys(headers);
    for (let i = 0; i < names.length; i++) {
        if (OWN_HEADER.test(names[i])) {
            delete headers[names[i]];
        }
    }
}

// apply dresses the request and selects its origin. The arm's header is part of
// the cache key, the epoch's is not; the visitor's is for the response function.
function apply(request, decision) {
    const headers = request.headers;
    const table = decision.table;
    headers['x-banyan-epoch'] = {value: table.epoch};
    if (headers.host) {
        headers['x-forwarded-host'] = {value: headers.host.value};
    }
    if (decision.derived) {
        headers['x-banyan-visitor'] = {value: decision.visitor};
    }
    if (decision.serverless && requestBytes(request) <= API_BYTES) {
        selectServerless(request, table, decision.fallback);
        headers['x-banyan-arm'] = {value: 'serverless'};
    } else if (table.legacy) {
        cf.selectRequestOriginById('legacy', {hostHeader: table.legacy});
    }
}

// selectServerless sends the request to the serverless arm, and a read on to
// legacy where that fails. A request that may write is never sent twice.
function selectServerless(request, table, fallback) {
    const length = request.headers['content-length'];
    const read = request.method === 'GET' || request.method === 'HEAD';
    if (table.fallback && read && !(length && length.value !== '0') && !request.headers['transfer-encoding']) {
        try {
            cf.createRequestOriginGroup({
                originIds: [member('serverless', table.serverless), member('legacy', table.legacy)],
                failoverCriteria: {statusCodes: table.fallback.concat(fallback)}
            });
            return;
        } catch (error) {
            console.log('banyan: no origin group: ' + error);
        }
    }
    if (table.serverless) {
        cf.selectRequestOriginById('serverless', {hostHeader: table.serverless});
    } else {
        cf.selectRequestOriginById('serverless');
    }
}

function member(origin, host) {
    return host ? {originId: origin, originOverrides: {hostHeader: host}} : {originId: origin};
}

// decide says which arm answers, and why, as Table.Decide does.
async function decide(event, kvs) {
    const request = event.request;
    const table = await kvs.get('table', {format: 'json'});
    const decision = {table: table, serverless: false, reason: 'all-legacy', rule: '', visitor: '', derived: false, fallback: []};
    if (table.mode) {
        return decision;
    }
    if (AMBIGUOUS.test(request.uri)) {
        decision.reason = 'ambiguous-path';
        return decision;
    }
    const path = request.uri.replace(UNRESERVED, decode);
    if (await decideRoute(decision, request.method, path, kvs)) {
        return decision;
    }
    const product = await findProduct(table, path, kvs);
    if (product) {
        decideProduct(decision, product, event);
    } else {
        decision.reason = 'no-rule';
    }
    return decision;
}

function decode(escape) {
    return String.fromCharCode(parseInt(escape.slice(1), 16));
}

// decideRoute takes the first route that matches, be it in the table or in a
// further page. A route is [pattern, arm, methods, statuses].
async function decideRoute(decision, method, path, kvs) {
    const pages = decision.table.pages || [];
    let routes = decision.table.routes;
    let before = 0;
    for (let page = 0; page <= pages.length; page++) {
        for (let i = 0; i < routes.length; i++) {
            const route = routes[i];
            if (matches(route[0], path) && (!route[2] || route[2].includes(method))) {
                decision.reason = 'route';
                decision.rule = before + i;
                decision.serverless = route[1] === 1;
                decision.fallback = route[3] || [];
                return true;
            }
        }
        before += routes.length;
        if (page < pages.length) {
            routes = await kvs.get(pages[page], {format: 'json'});
        }
    }
    return false;
}

// matches says whether a path pattern matches: * is any run of characters, ? is one.
function matches(pattern, path) {
    const pieces = pattern.split('*');
    if (!fits(pieces[0], path, 0)) {
        return false;
    }
    const last = pieces.length - 1;
    let at = pieces[0].length;
    let end = path.length;
    if (last === 0) {
        return at === end;
    }
    end -= pieces[last].length;
    if (end < at || !fits(pieces[last], path, end)) {
        return false;
    }
    for (let i = 1; i < last; i++) {
        at = find(pieces[i], path, at);
        if (at < 0 || at + pieces[i].length > end) {
            return false;
        }
        at += pieces[i].length;
    }
    return true;
}

// fits says whether a piece of a pattern without stars stands in the path at this place.
function fits(piece, path, at) {
    if (!piece.includes('?')) {
        return path.startsWith(piece, at);
    }
    if (at + piece.length > path.length) {
        return false;
    }
    for (let i = 0; i < piece.length; i++) {
        if (piece[i] !== '?' && piece[i] !== path[at + i]) {
            return false;
        }
    }
    return true;
}

// find returns the first place, from at on, where a piece fits, or -1.
function find(piece, path, at) {
    if (!piece.includes('?')) {
        return path.indexOf(piece, at);
    }
    for (let i = at; i + piece.length <= path.length; i++) {
        if (fits(piece, path, i)) {
            return i;
        }
    }
    return -1;
}

// findProduct returns the fields of the product that is shown at the path, its
// slug first, or null.
async function findProduct(table, path, kvs) {
    const segments = path.slice(1).split('/');
    let slug = '';
    for (let i = 0; i < table.paths.length; i++) {
        const named = productAt(table.paths[i], segments);
        if (named && named !== slug) {
            slug = named;
            const product = await lookUp(table.shards, slug, kvs);
            if (product) {
                return product;
            }
        }
    }
    return null;
}

// productAt returns the segment that names the product, or '' where the path is
// not of this form: literal segments, 0 for any, 1 for the product, '*' for more.
function productAt(form, segments) {
    const below = form[form.length - 1] === '*';
    const length = below ? form.length - 1 : form.length;
    let slug = '';
    if (below ? segments.length <= length : segments.length !== length) {
        return '';
    }
    for (let i = 0; i < length; i++) {
        const segment = segments[i];
        if (segment === '' || (form[i] !== segment && form[i] !== 0 && form[i] !== 1)) {
            return '';
        }
        if (form[i] === 1) {
            slug = segment;
        }
    }
    return slug;
}

// lookUp reads the shard that the slug would be in. A shard without an item is
// one without a flipped product, and the store rejects the key.
async function lookUp(shards, slug, kvs) {
    if (!shards || /[| ]/.test(slug)) {
        return null;
    }
    let key = 'p' + shards + '.' + sum(slug) % shards;
    for (;;) {
        let shard = '';
        try {
            shard = await kvs.get(key);
        } catch (error) {
            return null;
        }
        const at = shard.indexOf('|' + slug + ' ');
        if (at >= 0) {
            return shard.slice(at + 1, shard.indexOf('|', at + 1)).split(' ');
        }
        if (!shard.endsWith('>')) {
            return null;
        }
        key += '>';
    }
}

// decideProduct asks arm, schedule and share: [slug, 's', share, from, until].
function decideProduct(decision, product, event) {
    const now = Date.now();
    const share = product.length > 2 ? Number(product[2]) : EVERYONE;
    decision.reason = 'product';
    decision.rule = product[0];
    if (product[1] !== 's') {
        return;
    }
    if (now < Number(product[3]) || now >= Number(product[4])) {
        decision.reason = 'outside-schedule';
        return;
    }
    if (share >= EVERYONE) {
        decision.serverless = true;
        return;
    }
    setVisitor(decision, event);
    decision.serverless = sum(decision.visitor + '\n' + product[0]) % EVERYONE < share;
    decision.reason = decision.serverless ? 'inside-share' : 'outside-share';
}

// setVisitor takes the visitor from the cookie, or derives one.
function setVisitor(decision, event) {
    const cookie = event.request.cookies['banyan_visitor'];
    const agent = event.request.headers['user-agent'];
    decision.visitor = cookie ? first(cookie) : '';
    if (!isVisitor(decision.visitor)) {
        decision.visitor = sha256(event.viewer.ip + '\n' + (agent ? first(agent) : '')).slice(0, 32);
        decision.derived = true;
    }
}

function isVisitor(text) {
    return text !== '' && text.length <= 64 && !/[^!#-+\-.\/0-:<-\[\]-~]/.test(text);
}

function first(field) {
    return field.multiValue ? field.multiValue[0].value : field.value;
}

// sum returns the first 4 bytes of the hash as a number.
function sum(text) {
    return parseInt(sha256(text).slice(0, 8), 16);
}

function sha256(text) {
    return crypto.createHash('sha256').update(text).digest('hex');
}

// requestBytes returns the most that request line and headers can have.
function requestBytes(request) {
    const query = request.rawQueryString ? request.rawQueryString() : pairs(request.querystring);
    const text = request.method + request.uri + (query || '') + pairs(request.headers) + pairs(request.cookies);
    const foreign = text.match(/[^\x00-\x7f]/g);
    return text.length + (foreign ? 3 * foreign.length : 0) + 32;
}

// pairs writes fields as long as they are on the wire.
function pairs(fields) {
    const names = Object.keys(fields);
    let text = '';
    for (let i = 0; i < names.length; i++) {
        const values = fields[names[i]].multiValue || [fields[names[i]]];
        for (let j = 0; j < values.length; j++) {
            text += names[i] + ': ' + values[j].value + '\r\n';
        }
    }
    return text;
}
