// Package certs is TLS towards the shopper: where the storefront's certificate
// comes from, and the configuration it is used in.
//
//	certs.Files      your own certificate files, read again when they change
//	certs.Automatic  certificates by ACME (Let's Encrypt or your own), kept in the data folder
//
// Both give a Source: its TLS is a configuration for HTTP/2 and HTTP/1.1, from
// TLS 1.2 on, and its Plain is what the plain-HTTP listener serves: the ACME
// challenge, and for everything else the way to https.
//
// A certificate that cannot be read or renewed changes nothing for the shopper:
// the last good one stays in use, and the log says what is wrong.
package certs
