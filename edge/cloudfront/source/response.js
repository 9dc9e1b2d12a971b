const crypto = require('crypto');

// The viewer-response function. It has the browser keep the visitor that the
// viewer-request function derived, and hides Banyan's own headers.

const REVEAL_ARM = false;

const OWN_HEADER = /^x-banyan-/i;

function handler(event) {
    const response = event.response;
    try {
        response.headers = response.headers || {};
        response.cookies = response.cookies || {};
        removeOwn(response.headers);
        setVisitor(event.request, response, event.viewer);
        if (REVEAL_ARM && event.request.headers['x-banyan-arm']) {
            response.headers['x-banyan-arm'] = {value: event.request.headers['x-banyan-arm'].value};
        }
    } catch (error) {
        console.log('banyan: answer unchanged: ' + error);
    }
    return response;
}

function removeOwn(headers) {
    const names = Object.keys(headers);
    for (let i = 0; i < names.length; i++) {
        if (OWN_HEADER.test(names[i])) {
            delete headers[names[i]];
        }
    }
}

// setVisitor sets the cookie. Whether the request is seen here as the
// viewer-request function left it, is not documented. Where it is not, the arm's
// header is missing, and whoever brings no visitor is given the one that the
// other function derives from the same address and agent.
function setVisitor(request, response, viewer) {
    const told = request.headers['x-banyan-visitor'];
    let visitor = told ? told.value : '';
    if (!request.headers['x-banyan-arm'] && !request.cookies['banyan_visitor']) {
        visitor = derive(viewer, request.headers['user-agent']);
    }
    if (/^[0-9a-f]{32}$/.test(visitor)) {
        response.cookies['banyan_visitor'] = {
            value: visitor,
            attributes: 'Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure'
        };
    }
}

function derive(viewer, agent) {
    const text = agent ? (agent.multiValue ? agent.multiValue[0].value : agent.value) : '';
    return crypto.createHash('sha256').update(viewer.ip + '\n' + text).digest('hex').slice(0, 32);
}
