//! What RabbitMQ and its client library say, in words a person can act on. Never contains addresses with passwords.

use lapin::ErrorKind;

/// AMQP 0-9-1 reply codes.
const CONNECTION_FORCED: u16 = 320;
const ACCESS_REFUSED: u16 = 403;
const NOT_FOUND: u16 = 404;
const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;

/// A failure and, where it is known, what to do about it.
pub(super) fn explain(error: &lapin::Error) -> String {
    let ErrorKind::ProtocolError(reply) = error.kind() else { return error.to_string() };
    let words = reply.get_message();
    let advice = match reply.get_id() {
        ACCESS_REFUSED => "check user, password and the user's configure, write and read permissions on the vhost",
        NOT_FOUND => "the queue or exchange was deleted; it is declared again at once",
        NOT_ALLOWED => "check that the vhost exists and that the user may use it",
        CONNECTION_FORCED => "an operator or a shutdown closed the connection; it is opened again",
        _ => return words.to_string(),
    };
    format!("{words} ({advice})")
}

/// Whether something exists already, but with other settings than ours.
pub(super) fn is_drift(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(reply) if reply.get_id() == PRECONDITION_FAILED)
}
