// SPDX-License-Identifier: MIT
#include "app/stream_choice.h"

#include <algorithm>

namespace landfall::app {
namespace {

constexpr std::int64_t candidate_age_ns = 1'000'000'000; // since its last data

bool fits(const wire::difi_packet& data, const wire::context_fields& context) noexcept {
    const bool counts = data.header.fraction == wire::fraction_kind::sample_count;
    return (!counts || static_cast<double>(data.header.fractional) <= *context.sample_rate_hz) &&
           wire::samples_in_payload(data.payload.size(), data.header.pad_bits, context.format->bits)
                   .value_or(0) > 0;
}

} // namespace

stream_choice::verdict stream_choice::see(const wire::difi_packet& packet, base::octets datagram,
                                          std::int64_t now_ns) noexcept {
    if (packet.header.stream_id == current_) {
        if (paused_) {
            paused_ = false;
            yielded_ns_ = now_ns;
        }
        return verdict::ours;
    }
    return named_ ? verdict::other : see_other(packet, datagram, now_ns);
}

stream_choice::verdict stream_choice::see_other(const wire::difi_packet& packet,
                                                base::octets datagram,
                                                std::int64_t now_ns) noexcept {
    const bool known =
        candidate_ && candidate_->context.header.stream_id == packet.header.stream_id;
    const bool promising =
        candidate_ && candidate_->fitted_ns && now_ns - *candidate_->fitted_ns < candidate_age_ns;
    const verdict passed = paused_ ? verdict::noted : verdict::other;
    if (packet.header.kind == wire::packet_kind::context) {
        if (packet.context.sample_rate_hz && packet.context.format && (known || !promising)) {
            const auto fitted_ns = known ? candidate_->fitted_ns : std::nullopt;
            candidate& one = candidate_.emplace();
            one.context = packet;
            one.fitted_ns = fitted_ns;
            if (datagram.size() <= one.datagram.size()) {
                one.octets = datagram.size();
                std::copy(datagram.begin(), datagram.end(), one.datagram.begin());
            }
        }
        return passed;
    }
    if (packet.header.kind != wire::packet_kind::data) {
        return passed;
    }
    if (known && fits(packet, candidate_->context.context)) {
        candidate_->fitted_ns = now_ns;
        if (paused_ || now_ns - yielded_ns_ >= stream_patience_ns) {
            current_ = packet.header.stream_id;
            taken_ = *candidate_;
            candidate_.reset();
            paused_ = false;
            yielded_ns_ = now_ns;
            return verdict::begins;
        }
    }
    return paused_ && !known ? verdict::no_context : verdict::other;
}

} // namespace landfall::app
