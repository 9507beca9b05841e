// SPDX-License-Identifier: MIT
#include "app/bench_ingest.h"

#include "app/bench_environment.h"
#include "dataplane/io_loop.h"
#include "wire/difi.h"
#include "wire/ethernet.h"
#include "wire/pcap_writer.h"

#include <ctime>

namespace landfall::app {
namespace {

constexpr std::uint32_t stream_id = 0x1001;
constexpr std::size_t samples_of_packet = 343; // of 16 bits: 1,400 octets with the header
constexpr unsigned sample_bits = 16;
constexpr int captured_packets = 256;
constexpr std::size_t pool_packets = 4095;
constexpr std::size_t ring_packets = 1024;

const char* const own_address = "192.0.2.2"; // where `wire::udp_flow` goes

/// A capture of data packets.
class capture {
  public:
    [[nodiscard]] std::string path() const { return file_.path(); }

    [[nodiscard]] base::result<void> write() const {
        auto writer = wire::pcap_writer::create(path());
        if (!writer) {
            return std::unexpected(writer.error());
        }
        const std::vector<base::cf32> samples(samples_of_packet, {0.25F, -0.25F});
        std::vector<std::uint8_t> packet;
        std::vector<std::uint8_t> frame;
        for (int i = 0; i < captured_packets; ++i) {
            wire::difi_stamp stamp;
            stamp.stream_id = stream_id;
            stamp.sequence = static_cast<std::uint8_t>(i % 16);
            packet.clear();
            frame.clear();
            wire::write_difi_data(packet, stamp, samples, sample_bits);
            wire::write_udp_frame(frame, wire::udp_flow{}, packet);
            if (const auto written = writer->write({}, frame); !written) {
                return written;
            }
        }
        return writer->close();
    }

  private:
    temporary_file file_;
};

/// Seconds of a core that this thread has had: others on the machine do not count.
double core_seconds() {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) + 1e-9 * static_cast<double>(spent.tv_nsec);
}

/// Units of `run`, which returns how many it worked off, per second of a core.
template <class Run>
double rate_of(double seconds, Run&& run) {
    constexpr int turns = 1024; // between looks at the clock
    const double begun = core_seconds();
    double elapsed = 0.0;
    std::size_t units = 0;
    while (elapsed < seconds) {
        const dataplane::time_ns now = dataplane::time_now();
        for (int i = 0; i < turns; ++i) {
            units += run(now);
        }
        elapsed = core_seconds() - begun;
    }
    return static_cast<double>(units) / elapsed;
}

std::size_t parse_all(dataplane::packet_ring& ring) {
    dataplane::packet_burst burst;
    ring.dequeue(burst);
    std::size_t good = 0;
    for (std::size_t i = 0; i < burst.size(); ++i) {
        const auto parsed = wire::parse_difi(burst[i].data());
        good += parsed && !parsed->payload.empty() ? 1U : 0U;
    }
    return good;
}

} // namespace

base::result<ingest_rates> measure_ingest(double seconds) {
    const capture file;
    if (const auto written = file.write(); !written) {
        return std::unexpected(written.error());
    }
    if (const auto started = bench_environment(); !started) {
        return std::unexpected(started.error());
    }
    auto pool =
        dataplane::packet_pool::create({"bench", pool_packets, dataplane::rx_data_octets(1500)});
    auto ring = dataplane::packet_ring::create("bench", ring_packets);
    if (!pool || !ring) {
        return std::unexpected(pool ? ring.error() : pool.error());
    }
    auto port = dataplane::port::open(
        {.name = "bench", .device = "net_pcap,rx_pcap=" + file.path() + ",infinite_rx=1"}, **pool);
    if (!port) {
        return std::unexpected(port.error());
    }
    dataplane::stack protocols({.address = {*base::parse_prefix(own_address)},
                                .flows = {{wire::udp_flow{}.destination_port, stream_id}}},
                               **port, **pool);
    dataplane::io_loop loop({{port->get(), &protocols, {dataplane::into_ring(**ring)}}});
    const auto ingest = [&](dataplane::time_ns now) {
        loop.step(now);
        return parse_all(**ring);
    };
    const auto receive = [&](dataplane::time_ns) {
        dataplane::packet_burst burst;
        return (*port)->receive(burst);
    };
    rate_of(seconds / 10, ingest); // caches are warm
    ingest_rates rates;
    rates.ingest = rate_of(seconds, ingest);
    rates.receive_and_free = rate_of(seconds, receive);
    return rates;
}

} // namespace landfall::app
