//! `--help` is enough to use the program.

use super::{Desk, assert_seen};

macro_rules! help {
    ($($name:ident: $($word:literal)*;)*) => {
        $(#[test]
        fn $name() {
            assert_seen!(Desk::empty().run(&[$($word,)* "--help"]));
        })*
    };
}

help! {
    of_the_program: ;
    of_demo: "demo";
    of_init: "init";
    of_check: "check";
    of_migrate: "migrate";
    of_serve: "serve";
    of_status: "status";
    of_webhooks: "webhooks";
    of_webhooks_register: "webhooks" "register";
    of_webhooks_list: "webhooks" "list";
    of_webhooks_audit: "webhooks" "audit";
    of_poll: "poll";
    of_events: "events";
    of_events_list: "events" "list";
    of_events_show: "events" "show";
    of_events_trace: "events" "trace";
    of_dead: "dead";
    of_dead_list: "dead" "list";
    of_dead_show: "dead" "show";
    of_dead_retry: "dead" "retry";
    of_dead_edit: "dead" "edit";
    of_dead_edits: "dead" "edits";
    of_dead_discard: "dead" "discard";
    of_privacy: "privacy";
    of_privacy_list: "privacy" "list";
    of_privacy_show: "privacy" "show";
    of_privacy_export: "privacy" "export";
    of_replay: "replay";
    of_replay_list: "replay" "list";
    of_pause: "pause";
    of_resume: "resume";
    of_bench: "bench";
}
