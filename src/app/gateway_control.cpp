// SPDX-License-Identifier: MIT
// The gateway's control thread: handshakes, links, and what is worth a line in the log.
#include "app/gateway.h"
#include "app/instant.h"
#include "crypto/uapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace landfall::app {
namespace {

constexpr std::int64_t watch_interval_ns = dataplane::second_ns;
constexpr std::int64_t link_interval_ns = dataplane::second_ns / 10;

constexpr std::string_view uapi_done = "errno=0\n\n";

/// Negative, as `wg` expects it.
std::string uapi_error(int error) {
    return fmt::format("errno={}\n\n", -error);
}

} // namespace

void gateway::turn() {
    for (const auto& carrier : carriers_) { // first: the tunnel may wait for the disk
        carrier->serve();
    }
    if (tunnel_stage_) {
        serve_tunnel();
    }
    const auto now = dataplane::time_now();
    if (now >= next_link_ns_) {
        next_link_ns_ = now + link_interval_ns;
        watch_links();
    }
    if (now >= next_watch_ns_) {
        next_watch_ns_ = now + watch_interval_ns;
        watch();
    }
}

void gateway::serve_tunnel() {
    {
        const std::lock_guard lock(mutex_);
        tunnel_stage_->run_handshakes(instant_now());
    }
    // Before what it stands in is sent. A slow disk holds up nobody who asks for a snapshot.
    if (const auto newest = tunnel_->control().newest_timestamp();
        config_.keep_timestamp && newest != kept_timestamp_) {
        if (config_.keep_timestamp(newest)) {
            kept_timestamp_ = newest;
        }
    }
    tunnel_stage_->send_handshakes();
}

std::string gateway::answer_uapi(std::string_view request) {
    const std::lock_guard lock(mutex_);
    if (!tunnel_) {
        return uapi_error(ENODEV);
    }
    const auto parsed = crypto::parse_uapi(request);
    const std::uint16_t port = parsed ? parsed->change.listen_port.value_or(0) : std::uint16_t{0};
    if (port != 0 && port != settings_.tunnel->listen_port) {
        return uapi_error(EOPNOTSUPP); // the port is the configuration's
    }
    const auto before = tunnel_peers();
    std::string reply = crypto::answer_uapi(tunnel_->control(), request, instant_now());
    if (parsed && !parsed->get && reply == uapi_done) {
        tell_change(parsed->change, before);
    }
    return reply;
}

std::vector<crypto::public_key> gateway::tunnel_peers() const {
    std::vector<crypto::public_key> keys;
    tunnel_->control().for_each_peer(
        [&](const crypto::peer_view& peer) { keys.push_back(peer.key); });
    return keys;
}

void gateway::tell_change(const crypto::tunnel_change& change,
                          std::span<const crypto::public_key> before) {
    const auto among = [](std::span<const crypto::public_key> keys, const crypto::public_key& key) {
        return std::ranges::find(keys, key) != keys.end();
    };
    std::string text = change.key ? "private key set" : "";
    const auto tell = [&](const crypto::public_key& key, const char* what) {
        const auto known = std::ranges::find(config_.keys.peers, key);
        const std::string name =
            known == config_.keys.peers.end()
                ? to_text(key).substr(0, 8) + "…"
                : settings_.peers[static_cast<std::size_t>(known - config_.keys.peers.begin())]
                      .name;
        text += fmt::format("{}peer {} {}", text.empty() ? "" : ", ", name, what);
    };
    const auto after = tunnel_peers();
    for (const crypto::public_key& key : before) {
        const bool named =
            std::ranges::find(change.peers, key, &crypto::peer_change::key) != change.peers.end();
        if (!among(after, key)) {
            tell(key, "removed");
        } else if (named) {
            tell(key, "changed");
        }
    }
    for (const crypto::public_key& key : after) {
        if (!among(before, key)) {
            tell(key, "added");
        }
    }
    log_.limited(std::chrono::steady_clock::now(), control::log_level::info,
                 fmt::format("wg: {}", text.empty() ? "no peer changed" : text));
}

void gateway::watch() {
    ++watches_;
    watch_strays();
    watch_carriers();
    watch_lcores();
    log_.tell_suppressed(std::chrono::steady_clock::now());
    if (tunnel_) {
        watch_peers();
    }
}

void gateway::watch_peers() {
    const auto now = dataplane::time_now();
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < settings_.peers.size(); ++i) {
        peer_watch& seen = seen_peers_[i];
        const auto index = tunnel_->control().find(config_.keys.peers[i]);
        if (!index) {
            seen.forget();
            continue;
        }
        const crypto::peer_numbers& numbers = tunnel_->numbers().peer[*index];
        const std::string& name = settings_.peers[i].name;
        switch (seen.see(numbers.handshakes_started.value(), numbers.handshakes_completed.value(),
                         now)) {
        case peer_watch::event::none:
            break;
        case peer_watch::event::first:
            log_.info(fmt::format("peer {}: handshake completed", name));
            break;
        case peer_watch::event::silent:
            log_.warning(fmt::format("peer {}: no answer to handshakes for {} s: look at its "
                                     "endpoint, and at the public keys at both ends",
                                     name, seen.silent_ns(now) / dataplane::second_ns));
            break;
        case peer_watch::event::returned:
            log_.info(fmt::format("peer {}: handshake completed again after {} s without an answer",
                                  name, seen.outage_ns() / dataplane::second_ns));
            break;
        }
    }
}

void gateway::watch_links() {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        dataplane::link_state now = dataplane::link_state::down;
        {
            const std::lock_guard lock(mutex_);
            now = ports_[i].device->poll_link();
        }
        if (std::exchange(ports_[i].last_link, now) != now) {
            const char* const state = now == dataplane::link_state::up     ? "up"
                                      : now == dataplane::link_state::down ? "down"
                                                                           : "gone";
            log_.limited(std::chrono::steady_clock::now(),
                         now == dataplane::link_state::up ? control::log_level::info
                                                          : control::log_level::warning,
                         fmt::format("port {}: link {}", settings_.ports[i].name, state));
        }
    }
}

/// Most often a digitiser that was set up for another carrier, or a typing error in `stream_id`.
void gateway::watch_strays() {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        const dataplane::host& host = ports_[i].stack->protocols();
        const dataplane::stray_datagram stray = host.stray();
        if (std::exchange(ports_[i].last_stray, stray) != stray) {
            log_.limited(std::chrono::steady_clock::now(), control::log_level::warning,
                         fmt::format("port {}: no carrier takes stream {:#x}, which comes to UDP "
                                     "port {}; {} packets of such streams were dropped so far",
                                     settings_.ports[i].name, stray.word, stray.port,
                                     host.dropped(dataplane::rx_drop::unknown_stream)));
        }
    }
}

void gateway::watch_carriers() {
    for (std::size_t i = 0; i < carriers_.size(); ++i) {
        const carrier_view view = carriers_[i]->view();
        watched_carrier& seen = seen_carriers_[i];
        const bool locked = view.status.receiver.locked && view.status.frames_locked;
        if (locked != std::exchange(seen.locked, locked)) {
            log_.limited(std::chrono::steady_clock::now(), control::log_level::info,
                         locked
                             ? fmt::format("carrier {}: locked, Es/N0 {:.1f} dB, offset {:+.0f} Hz",
                                           carriers_[i]->name(), view.status.receiver.es_n0_db,
                                           view.status.receiver.frequency_offset_hz)
                             : fmt::format("carrier {}: lost; {} frames, {} missing",
                                           carriers_[i]->name(), view.status.frames.good,
                                           view.status.frames.missing));
        }
        const std::uint64_t behind = inputs_[i]->behind();
        if (behind != std::exchange(seen.behind, behind)) {
            log_.limited(std::chrono::steady_clock::now(), control::log_level::warning,
                         fmt::format("carrier {}: behind real time: its lcores cannot follow; {} "
                                     "packets were dropped so far",
                                     carriers_[i]->name(), behind));
        }
        if (view.unfit_rate_hz != std::exchange(seen.unfit_rate_hz, view.unfit_rate_hz)) {
            log_.warning(fmt::format("carrier {}: {:g} samples/s cannot carry {:g} symbols/s; they "
                                     "are passed over",
                                     carriers_[i]->name(), view.unfit_rate_hz,
                                     carriers_[i]->mission().wave.symbol_rate_hz));
        }
    }
}

void gateway::watch_lcores() {
    constexpr std::size_t quarter = 15; // watches
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        auto& gaps = seen_lcores_[i].longest_gap_s;
        const std::size_t slot = watches_ / quarter % gaps.size();
        const double gap_s = 1e-9 * static_cast<double>(loops_[i]->take_longest_gap_ns());
        gaps[slot] = watches_ % quarter == 0 ? gap_s : std::max(gaps[slot], gap_s);
    }
}

double gateway::backlog(std::size_t carrier, std::size_t more) const noexcept {
    const dataplane::packet_ring& ring = inputs_[carrier]->ring();
    return static_cast<double>(ring.used() + more) / static_cast<double>(ring.capacity());
}

std::vector<std::uint64_t> gateway::heartbeats() const {
    std::vector<std::uint64_t> beats;
    for (const auto& loop : loops_) {
        beats.push_back(loop->heartbeat());
    }
    return beats;
}

std::string gateway::status_line() const {
    std::string text;
    for (const auto& carrier : carriers_) {
        const carrier_view view = carrier->view();
        text += fmt::format(
            "{}{}: {}", text.empty() ? "" : ", ", carrier->name(),
            view.status.receiver.locked
                ? fmt::format("locked, Es/N0 {:.1f} dB", view.status.receiver.es_n0_db)
                : std::string(view.signal_age_s >= 0.0 && view.signal_age_s < 1.0 ? "searching"
                                                                                  : "no signal"));
    }
    return text;
}

} // namespace landfall::app
