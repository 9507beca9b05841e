// SPDX-License-Identifier: MIT
#include "app/carrier_run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace landfall::app {

base::result<void> carrier_run::open_files(const std::filesystem::path& frames,
                                           const std::filesystem::path& packets) {
    if (!frames.empty()) {
        auto made = frame_files::create(frames, name_);
        if (!made) {
            return std::unexpected(made.error());
        }
        frames_ = std::move(*made);
    }
    if (!packets.empty()) {
        auto made = packet_files::create(packets, name_);
        if (!made) {
            return std::unexpected(made.error());
        }
        packets_ = std::move(*made);
    }
    return {};
}

template <class Run>
base::result<void> carrier_run::deliver(Run&& run) {
    base::result<void> outcome;
    const auto keep = [&](base::result<void> result) {
        if (outcome && !result) {
            outcome = std::move(result);
        }
    };
    auto on_frame = [&](const framing::delivered_frame& frame) {
        if (frames_) {
            keep(frames_->write(frame));
        }
    };
    auto on_packet = [&](const framing::delivered_packet& packet) {
        if (packets_) {
            keep(packets_->write(packet));
        }
    };
    std::forward<Run>(run)(framing::deframer_sinks{.frame = on_frame, .packet = on_packet});
    return outcome;
}

base::result<void> carrier_run::push(const wire::iq_block& block) {
    if (const char* reason = chain_.unsupported(block.sample_rate_hz)) {
        return std::unexpected(base::failure{
            fmt::format("carrier {}: {} ({:g} samples/s, {:g} symbols/s)", name_, reason,
                        block.sample_rate_hz, chain_.mission().wave.symbol_rate_hz),
            base::exit_code::bad_configuration});
    }
    return deliver([&](const framing::deframer_sinks& sinks) { chain_.push(block, sinks); });
}

base::result<void> carrier_run::push_soft(std::span<const std::int8_t> soft) {
    return deliver([&](const framing::deframer_sinks& sinks) { chain_.push_soft(soft, sinks); });
}

base::result<void> carrier_run::push_frame(base::octets frame) {
    return deliver([&](const framing::deframer_sinks& sinks) { chain_.push_frame(frame, sinks); });
}

base::result<void> carrier_run::finish() {
    auto outcome = deliver([&](const framing::deframer_sinks& sinks) { chain_.finish(sinks); });
    if (frames_) {
        const auto closed = frames_->close();
        outcome = outcome ? closed : outcome;
    }
    if (packets_) {
        const auto closed = packets_->close();
        outcome = outcome ? closed : outcome;
    }
    return outcome;
}

nlohmann::ordered_json carrier_run::report() const {
    const chain_status now = chain_.status();
    nlohmann::ordered_json channels = nlohmann::ordered_json::array();
    for (const framing::channel_counters& one : chain_.channels()) {
        channels.push_back({{"spacecraft_id", one.spacecraft_id},
                            {"vcid", one.vcid},
                            {"frames", one.frames},
                            {"missing", one.missing},
                            {"packets", one.extraction.packets},
                            {"fill", one.fill},
                            {"restarts", one.restarts},
                            {"duplicates", one.duplicates}});
    }
    return {{"name", name_},
            {"mission", chain_.mission().name},
            {"samples", now.samples},
            {"signal_seconds", now.signal_seconds},
            {"locked_seconds", now.locked_seconds},
            {"frames",
             {{"good", now.frames.good},
              {"corrected", now.frames.corrected},
              {"bad", now.bad_frames},
              {"fill", now.frames.fill},
              {"missing", now.frames.missing}}},
            {"corrected_symbols", now.decoder.corrected_symbols},
            {"es_n0_db", now.receiver.mean_es_n0_db},
            {"evm_percent", now.receiver.evm_percent},
            {"frequency_offset_hz", now.receiver.frequency_offset_hz},
            {"symbol_rate_error_ppm", now.receiver.symbol_rate_error_ppm},
            {"acquisitions", now.receiver.acquisitions},
            {"virtual_channels", channels},
            {"iq",
             {{"packets", counters_.packets},
              {"lost_packets", counters_.lost_packets},
              {"invalid_packets", counters_.invalid_total()},
              {"lost_samples", counters_.lost_samples},
              {"duplicates", counters_.duplicates},
              {"reordered", counters_.reordered},
              {"clipped_samples", counters_.clipped_samples},
              {"non_finite_samples", counters_.non_finite_samples}}}};
}

std::string carrier_run::summary() const {
    const chain_status now = chain_.status();
    std::string text = fmt::format("{}: {} frames ({} corrected), {} fill, {} bad, {} missing\n",
                                   name_, now.frames.good, now.frames.corrected, now.frames.fill,
                                   now.bad_frames, now.frames.missing);
    if (now.samples > 0) {
        text += fmt::format(
            "  {:.3g} s of signal, {:.3g} s locked, Es/N0 {:.1f} dB, offset {:+.0f} Hz, "
            "symbol clock {:+.1f} ppm\n",
            now.signal_seconds, now.locked_seconds, now.receiver.mean_es_n0_db,
            now.receiver.frequency_offset_hz, now.receiver.symbol_rate_error_ppm);
    }
    if (counters_.lost_packets + counters_.invalid_total() + counters_.duplicates > 0) {
        text += fmt::format("  IQ: {} packets, {} lost ({} samples), {} invalid, {} duplicate\n",
                            counters_.packets, counters_.lost_packets, counters_.lost_samples,
                            counters_.invalid_total(), counters_.duplicates);
    }
    if (counters_.non_finite_samples > 0) {
        text += fmt::format("  IQ: {} samples were NaN or infinite and count as 0\n",
                            counters_.non_finite_samples);
    }
    for (const framing::channel_counters& one : chain_.channels()) {
        text += fmt::format("  spacecraft {:<5} channel {:<2} {:>8} frames {:>8} fill {:>8} "
                            "missing {:>8} packets\n",
                            one.spacecraft_id, one.vcid, one.frames, one.fill, one.missing,
                            one.extraction.packets);
    }
    return text;
}

} // namespace landfall::app
