// SPDX-License-Identifier: MIT
#include "app/carrier_run.h"

#include "app/reception_stage.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <utility>

namespace landfall::app {

base::result<void> carrier_run::open_files(const std::filesystem::path& frames,
                                           const std::filesystem::path& packets,
                                           const input_paths& inputs) {
    if (!frames.empty()) {
        auto made = frame_files::create(frames, name_, inputs);
        if (!made) {
            return std::unexpected(made.error());
        }
        frames_ = std::move(*made);
        removed_.insert(removed_.end(), frames_->removed().begin(), frames_->removed().end());
    }
    if (!packets.empty()) {
        auto made = packet_files::create(packets, name_, inputs);
        if (!made) {
            return std::unexpected(made.error());
        }
        packets_ = std::move(*made);
        removed_.insert(removed_.end(), packets_->removed().begin(), packets_->removed().end());
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
        if (packets_) {
            packets_->see(frame);
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

std::optional<base::failure> carrier_run::why_unfit(double sample_rate_hz) const {
    const double expected_hz = chain_.mission().receiving.expected_offset_hz;
    if (std::abs(expected_hz) > sample_rate_hz / 2) {
        return base::failure{
            fmt::format("carrier {}: --frequency-offset, expected_frequency_offset_hz: {:g} Hz is "
                        "outside what {:g} samples/s hold",
                        name_, expected_hz, sample_rate_hz),
            base::exit_code::usage};
    }
    if (const char* reason = chain_.unsupported(sample_rate_hz)) {
        return base::failure{fmt::format("carrier {}: {} ({:g} samples/s, {:g} symbols/s)", name_,
                                         reason, sample_rate_hz,
                                         chain_.mission().wave.symbol_rate_hz),
                             base::exit_code::bad_configuration};
    }
    return std::nullopt;
}

base::result<void> carrier_run::push(const wire::iq_block& block) {
    if (auto reason = why_unfit(block.sample_rate_hz)) {
        if (!unfit_) {
            unfit_ = std::move(reason);
        }
        unfit_samples_ += block.samples.size();
        passed_over_ = true;
        return {};
    }
    wire::iq_block taken = block;
    taken.discontinuity = taken.discontinuity || passed_over_;
    passed_over_ = false;
    fits_ = true;
    return deliver([&](const framing::deframer_sinks& sinks) { chain_.push(taken, sinks); });
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
    const stage_report stage = stage_of(now, chain_.mission());
    nlohmann::ordered_json channels = nlohmann::ordered_json::array();
    for (const framing::channel_counters& one : chain_.channels()) {
        channels.push_back({{"spacecraft_id", one.spacecraft_id},
                            {"vcid", one.vcid},
                            {"frames", one.frames},
                            {"missing", one.missing},
                            {"missing_fill", one.missing_fill},
                            {"packets", one.extraction.packets},
                            {"fill", one.fill},
                            {"restarts", one.restarts},
                            {"duplicates", one.duplicates}});
    }
    return {{"name", name_},
            {"mission", chain_.mission().name},
            {"samples", now.samples},
            {"unfit_samples", unfit_samples_},
            {"signal_seconds", now.signal_seconds},
            {"locked_seconds", now.locked_seconds},
            {"frames",
             {{"good", now.frames.good},
              {"corrected", now.frames.corrected},
              {"bad", now.bad_frames},
              {"fill", now.frames.fill},
              {"missing", now.frames.missing},
              {"missing_fill", now.frames.missing_fill}}},
            {"corrected_symbols", now.decoder.corrected_symbols},
            {"es_n0_db", now.receiver.mean_es_n0_db},
            {"evm_percent", now.receiver.evm_percent},
            {"frequency_offset_hz", now.receiver.frequency_offset_hz},
            {"symbol_rate_error_ppm", now.receiver.symbol_rate_error_ppm},
            {"acquisitions", now.receiver.acquisitions},
            {"stage", app::name(stage.failed)},
            {"try", stage.trials},
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
    if (now.frames.missing_fill > 0) {
        text += fmt::format("  {} more missing on channels while they carried only fill\n",
                            now.frames.missing_fill);
    }
    if (unfit_samples_ > 0) {
        text += fmt::format("  {} samples of a rate that does not fit the mission passed over\n",
                            unfit_samples_);
    }
    if (now.samples > 0) {
        text += fmt::format(
            "  {:.3g} s of signal, {:.3g} s locked, Es/N0 {:.1f} dB, offset {:+.0f} Hz, "
            "symbol clock {:+.1f} ppm\n",
            now.signal_seconds, now.locked_seconds, now.receiver.mean_es_n0_db,
            now.receiver.frequency_offset_hz, now.receiver.symbol_rate_error_ppm);
    }
    if (const stage_report stage = stage_of(now, chain_.mission());
        stage.failed != reception_stage::none) {
        text += fmt::format("  no frames: {}{}", stage.why,
                            stage.trials.empty() ? "" : "; worth trying:");
        for (const std::string& trial : stage.trials) {
            text += " --set " + trial;
        }
        text += '\n';
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
