// SPDX-License-Identifier: MIT
// One carrier: DIFI datagrams in, routed IP packets out. The first half of it, to soft bits, and
// the second half (`frame_stage`) run on one modem lcore or on two.
#pragma once

#include "app/demodulation.h"
#include "app/frame_stage.h"
#include "app/stream_choice.h"
#include "base/published.h"
#include "base/sample.h"
#include "config/gateway.h"
#include "delivery/router.h"
#include "wire/iq_stream.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace landfall::app {

/// Another receiver for another sample rate or centre frequency is made no sooner after the last
/// one than this; packets that ask for it are passed over.
inline constexpr std::int64_t receiver_change_ns = 3'000'000'000;

/// Why well-formed packets of a carrier's stream are passed over. Each is a metric label.
enum class passed_over : std::uint8_t {
    unfit_sample_rate, ///< cannot carry the mission
    unsteady_context,  ///< sample rate or frequency changed again, too soon
};
inline constexpr std::size_t passed_over_count = 2;
[[nodiscard]] const char* name(passed_over why) noexcept;

/// What others see of a carrier's first half, a few times a second.
struct sample_view {
    demodulation_status status;
    wire::iq_counters iq;
    std::array<std::uint64_t, passed_over_count> passed_over{}; ///< packets
    double unfit_rate_hz = 0.0;                                 ///< the last such rate; 0: none
    double signal_age_s = -1.0; ///< since the last datagram; below 0: none came yet
    std::size_t point_count = 0;
    std::array<base::cf32, 256> points{}; ///< of the constellation, rails of unit amplitude
};

struct carrier_view : sample_view {
    carrier_view(const sample_view& samples, const frame_view& frames)
        : sample_view(samples), status{samples.status, frames.status},
          channel_count(frames.channel_count), channels(frames.channels) {}

    chain_status status;
    std::size_t channel_count;
    std::array<framing::channel_counters, framing::most_channels> channels;
};

/// All of one thread but `serve`, `frames` if it is behind its ring, and what is read of it. That
/// thread takes no memory: receivers are made by `serve`.
class carrier_stage {
  public:
    /// `durable` outlives it; null: no durable route has any of it.
    carrier_stage(const config::carrier_settings& settings, delivery::router_config routes,
                  durable_intake* durable = nullptr);

    /// UDP payloads of the carrier's port, in the order in which they came. Only while `ready`;
    /// the payload stays valid until it is ready again. `after_loss`: many were dropped before this
    /// one, and the receiver is not to work through what is missing.
    void push(base::octets datagram, std::int64_t now_ns, const delivery::output& out,
              bool after_loss = false);
    /// False: it waits for a receiver, or for its second half.
    [[nodiscard]] bool ready() const noexcept {
        return !pending_ && !finishing_ && frames_.has_room();
    }
    /// To be called now and then, packets or not: goes on when there is a receiver. After a silence
    /// what waits is delivered, so that the last frames of a pass do not wait for the next.
    void poll(std::int64_t now_ns, const delivery::output& out);
    /// Delivers all that waits; done when it is `ready`.
    void finish(std::int64_t now_ns, const delivery::output& out);

    /// The control thread's, every 10 ms or so: makes and destroys receivers.
    void serve();

    /// The second half. `push`, `poll` and `finish` run it, unless it is put behind a ring.
    [[nodiscard]] frame_stage& frames() noexcept { return frames_; }
    [[nodiscard]] const frame_stage& frames() const noexcept { return frames_; }

    [[nodiscard]] carrier_view view() const noexcept;
    /// Of a route, by its place in the configuration.
    [[nodiscard]] const delivery::route_counters& counters(std::size_t route) const noexcept;
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const config::mission& mission() const noexcept {
        return demodulation_.mission();
    }

  private:
    /// Whose the receiver that is handed over is, and what is to be done with it.
    enum class hand_over : std::uint8_t {
        none,
        wanted, ///< serve's: to be made
        made,   ///< the lcore's: to be taken
        spent,  ///< serve's: to be destroyed
    };

    void take_blocks(std::int64_t now_ns, const delivery::output& out);
    [[nodiscard]] bool change_receiver(const delivery::output& out);
    void pass_over(const wire::iq_block& block, app::passed_over why);
    void push_block(wire::iq_block block, const delivery::output& out);
    void end_reception(const delivery::output& out);
    void publish(std::int64_t now_ns);
    /// Runs it with the sink of its records.
    template <class Run>
    void hand_on(const delivery::output& out, Run&& run);

    std::string name_;
    stream_choice choice_;
    wire::iq_stream stream_;
    wire::iq_counters strangers_; ///< what belongs to no stream of ours
    demodulation demodulation_;
    std::vector<bool> is_iq_;    ///< by route
    delivery::router iq_router_; ///< of DIFI packets as they came
    frame_stage frames_;
    std::optional<wire::iq_block> pending_; ///< waits for its receiver
    bool finishing_ = false;
    std::atomic<hand_over> hand_over_{hand_over::none};
    fitted_receiver handed_; ///< whose it is says hand_over_
    std::int64_t next_change_ns_ = std::numeric_limits<std::int64_t>::min();
    std::int64_t last_datagram_ns_ = 0;
    std::int64_t packet_ns_ = 0; ///< the newest one's samples last as long
    std::int64_t next_publish_ns_ = 0;
    std::array<std::uint64_t, passed_over_count> passed_over_{};
    double passed_over_s_ = 0.0; ///< since the last block that was received
    bool discontinuity_ = false; ///< likewise
    unsigned after_loss_ = 0;    ///< blocks in which a gap is that loss
    double unfit_rate_hz_ = 0.0;
    bool heard_ = false;
    bool waiting_ = false; ///< for more of a signal
    base::published<sample_view> view_;
};

} // namespace landfall::app
