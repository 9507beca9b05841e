// SPDX-License-Identifier: MIT
#include "app/gateway.h"

#include "app/instant.h"
#include "crypto/start.h"
#include "dataplane/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

namespace landfall::app {
namespace {

constexpr std::size_t spare_packets =
    4096; // of a port: its rings, and what is in the io lcore's hands
constexpr std::size_t queue_packets = 2048; // of each further queue, likewise
constexpr std::size_t others_ring_packets = 512;
constexpr std::size_t output_ring_packets = 2048;
constexpr std::size_t staged_packets = 1024;
constexpr std::size_t staged_total = 2048; // of all peers
constexpr std::size_t least_ring_packets = 1024;
constexpr std::size_t most_ring_packets = 8192;
constexpr double ring_s = 0.5; // of samples between port and modem, while a modem searches
constexpr double usual_samples_per_symbol = 2.5;
constexpr auto links_patience = std::chrono::milliseconds(1500); // at the start

/// Room for half a second of 8-bit samples, in packets of the port's MTU.
std::size_t ring_packets(const config::carrier_settings& carrier,
                         const config::port_settings& port) {
    const double octets_per_s =
        2.0 * usual_samples_per_symbol * carrier.mission.wave.symbol_rate_hz;
    const double packets = ring_s * octets_per_s / port.mtu;
    return std::bit_ceil(
        std::clamp(static_cast<std::size_t>(packets), least_ring_packets, most_ring_packets));
}

dataplane::packet_pool_config port_pool(const config::gateway& settings, std::size_t port) {
    const config::port_settings& of = settings.ports[port];
    std::size_t packets = spare_packets;
    for (const config::carrier_settings& carrier : settings.carriers) {
        packets += carrier.port == of.name ? ring_packets(carrier, of) : 0;
    }
    if (has_carriers(settings, of)) { // as many as it may get
        packets += queue_packets * spare_io_lcores(settings);
    }
    return {.name = fmt::format("rx{}", port),
            .packets = packets,
            .data_octets = dataplane::rx_data_octets(of.mtu)};
}

/// As many as there are modem lcores may be full of them, and those that wait for a session leave
/// some to peers that have one.
dataplane::packet_pool_config tunnel_pool(const config::gateway& settings) {
    const std::size_t lcores = settings.lcores.modem.empty() ? dataplane::allowed_cpus().size()
                                                             : settings.lcores.modem.size();
    const std::size_t modems = std::clamp<std::size_t>(lcores, 1, 2 * settings.carriers.size() + 1);
    return {.name = "tunnel",
            .packets = std::bit_ceil(2 * staged_total + modems * output_ring_packets) - 1,
            .data_octets = config::tunnel_mtu_max(settings) + crypto::scratch_tailroom};
}

/// Of handshakes and keepalives, which do not wait for packets that wait for them.
dataplane::packet_pool_config message_pool() {
    return {.name = "messages", .packets = 1023, .data_octets = tunnel_stage::message_octets};
}

/// The gateway's own address in the tunnel that a route's datagrams come from.
base::udp_endpoint source_of(const config::tunnel_settings& tunnel,
                             const base::udp_endpoint& destination) {
    const auto own =
        std::find_if(tunnel.address.begin(), tunnel.address.end(),
                     [&](const auto& one) { return one.address.v6 == destination.address.v6; });
    base::udp_endpoint source{.address = {}, .port = destination.port};
    source.address.v6 = destination.address.v6;
    if (own != tunnel.address.end()) {
        source.address = own->address;
    }
    return source;
}

bool names(const std::vector<std::string>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

} // namespace

delivery::form form_of(config::payload as) noexcept {
    switch (as) {
    case config::payload::frames:
        return delivery::form::frames;
    case config::payload::packets:
        return delivery::form::packets;
    case config::payload::ip:
        return delivery::form::ip;
    case config::payload::iq:
        return delivery::form::iq;
    }
    return delivery::form::frames;
}

std::size_t gateway::memory_octets(const config::gateway& settings) {
    std::size_t octets = 0;
    for (std::size_t i = 0; i < settings.ports.size(); ++i) {
        octets += dataplane::packet_pool::memory_octets(port_pool(settings, i));
    }
    if (settings.tunnel) {
        octets += dataplane::packet_pool::memory_octets(tunnel_pool(settings)) +
                  dataplane::packet_pool::memory_octets(message_pool());
        if (settings.host) {
            octets += dataplane::packet_pool::memory_octets(
                host_stage::pool(tunnel_pool(settings).data_octets));
        }
    }
    return octets;
}

gateway::gateway(gateway_config config, control::logger& log)
    : settings_(std::move(config.settings)), config_(std::move(config)), log_(log) {}

gateway::~gateway() {
    stop();
}

base::result<std::unique_ptr<gateway>>
gateway::start(gateway_config config, const dataplane::eal& eal, control::logger& log) {
    std::unique_ptr<gateway> made(new gateway(std::move(config), log));
    if (auto built = made->build(eal); !built) {
        return std::unexpected(built.error());
    }
    return made;
}

base::result<void> gateway::build(const dataplane::eal& eal) {
    const auto modems =
        eal.modem().first(std::min(eal.modem().size(), 2 * settings_.carriers.size()));
    auto done = open_ports(spare_io_lcores(settings_));
    if (done) {
        done = make_tunnel();
    }
    if (done) {
        done = make_carriers();
    }
    if (done) {
        done = make_modems(modems);
    }
    if (done) {
        done = make_host();
    }
    if (done) {
        make_stacks();
        make_io(eal.io());
        done = launch();
    }
    return done;
}

base::result<void> gateway::open_ports(std::size_t spare) {
    auto ports_left = static_cast<std::size_t>(
        std::count_if(settings_.ports.begin(), settings_.ports.end(),
                      [&](const auto& one) { return has_carriers(settings_, one); }));
    for (std::size_t i = 0; i < settings_.ports.size(); ++i) {
        const config::port_settings& wanted = settings_.ports[i];
        auto pool = dataplane::packet_pool::create(port_pool(settings_, i));
        if (!pool) {
            return std::unexpected(pool.error());
        }
        const std::uint16_t queues =
            has_carriers(settings_, wanted) ? queues_to_ask(spare, ports_left--) : std::uint16_t{1};
        auto device = dataplane::port::open(
            {.name = wanted.name, .device = wanted.device, .mtu = wanted.mtu, .rx_queues = queues},
            **pool);
        if (!device) {
            return std::unexpected(device.error());
        }
        const std::uint16_t got = (*device)->queues();
        spare -= got - 1U;
        if (queues > 1) {
            log_.info(fmt::format("port {}: {} of {} receive queues that io lcores could read{}",
                                  wanted.name, got, queues,
                                  got < queues ? ": its device has no more" : ""));
        }
        port_parts& made = ports_.emplace_back();
        made.pool = std::move(*pool);
        made.device = std::move(*device);
        if (got > 1) {
            auto ring = dataplane::packet_ring::create(
                fmt::format("others{}", i), others_ring_packets, dataplane::producers::several);
            if (!ring) {
                return std::unexpected(ring.error());
            }
            made.others = std::move(*ring);
        }
    }
    return {};
}

base::result<void> gateway::make_tunnel() {
    if (!settings_.tunnel) {
        return {};
    }
    auto pool = dataplane::packet_pool::create(tunnel_pool(settings_));
    auto messages = dataplane::packet_pool::create(message_pool());
    if (!pool || !messages) {
        return std::unexpected(pool ? messages.error() : pool.error());
    }
    tunnel_pool_ = std::move(*pool);
    message_pool_ = std::move(*messages);
    inner_mtu_ = settings_.tunnel->mtu.value_or(config::tunnel_mtu_max(settings_));
    tunnel_ = std::make_unique<crypto::tunnel>(
        crypto::tunnel_config{.control = {.random = crypto::fill_random,
                                          .last_timestamp = config_.last_timestamp,
                                          .listen_port = settings_.tunnel->listen_port,
                                          .reserved = config_.keys.peers},
                              .peers = config::peers_max,
                              .inner_mtu = inner_mtu_});
    kept_timestamp_ = config_.last_timestamp;
    crypto::tunnel_change change;
    change.key = std::move(config_.keys.own);
    for (std::size_t i = 0; i < settings_.peers.size(); ++i) {
        const config::peer_settings& peer = settings_.peers[i];
        crypto::peer_change one{.key = config_.keys.peers[i]};
        one.preshared = std::move(config_.keys.preshared[i]);
        one.endpoint = peer.endpoint;
        one.keepalive_s = peer.persistent_keepalive_s;
        one.allowed_ips = peer.allowed_ips;
        change.peers.push_back(std::move(one));
    }
    if (const auto done = tunnel_->control().change(std::move(change), instant_now()); !done) {
        return std::unexpected(base::failure{
            fmt::format("tunnel: a peer's key or number is not possible: {}", name(done.error())),
            base::exit_code::bad_configuration});
    }
    for (std::size_t i = 0; i < settings_.peers.size(); ++i) {
        if (!tunnel_->control().find(config_.keys.peers[i])) {
            return std::unexpected(
                base::failure{fmt::format("peer {}: its public key is the gateway's own",
                                          settings_.peers[i].name),
                              base::exit_code::bad_configuration});
        }
    }
    seen_peers_.resize(settings_.peers.size());
    return {};
}

base::result<void> gateway::make_carriers() {
    for (std::size_t i = 0; i < settings_.carriers.size(); ++i) {
        const config::carrier_settings& carrier = settings_.carriers[i];
        const std::size_t port = port_index(carrier.port);
        auto input = carrier_input::create(fmt::format("iq{}", i),
                                           ring_packets(carrier, settings_.ports[port]),
                                           ports_[port].device->queues());
        if (!input) {
            return std::unexpected(input.error());
        }
        inputs_.push_back(std::move(*input));
        carriers_.push_back(std::make_unique<carrier_stage>(
            carrier, routes_of(i),
            config_.durable != nullptr ? config_.durable->intake(i) : nullptr));
    }
    seen_carriers_.resize(carriers_.size());
    return {};
}

delivery::router_config gateway::routes_of(std::size_t carrier) const {
    delivery::router_config made{.carrier = static_cast<std::uint16_t>(carrier),
                                 .carriers = static_cast<std::uint16_t>(settings_.carriers.size()),
                                 .routes = {}};
    for (const config::route_settings& from : settings_.routes) {
        if (from.durable ||
            (!from.carrier.empty() && !names(from.carrier, settings_.carriers[carrier].name))) {
            continue;
        }
        delivery::route to{.as = form_of(from.as),
                           .vcid = from.vcid,
                           .spacecraft_id = from.spacecraft_id,
                           .apid = from.apid,
                           .fill = from.fill,
                           .header = from.header == config::frame_header::landfall,
                           .to = {},
                           .flow = {},
                           .source_filter = from.source,
                           .destination_filter = from.destination};
        if (from.udp) {
            to.flow = {.source = source_of(*settings_.tunnel, *from.udp), .destination = *from.udp};
        }
        for (std::size_t i = 0; i < settings_.peers.size(); ++i) {
            if (names(from.to, settings_.peers[i].name)) {
                const auto index = static_cast<std::uint32_t>(i); // reserved for it
                to.to.push_back(
                    {.peer = to.as == delivery::form::ip ? index : index | any_destination,
                     .mtu_octets = inner_mtu_});
            }
        }
        made.routes.push_back(std::move(to));
    }
    return made;
}

/// Which lcore runs which carrier, by what each costs on this machine.
std::vector<carrier_place> gateway::place_carriers(std::span<const dataplane::lcore> lcores) {
    std::vector<carrier_to_place> list;
    std::map<std::pair<std::string, std::int64_t>, carrier_cost> known;
    for (const config::carrier_settings& one : settings_.carriers) {
        carrier_to_place& to = list.emplace_back();
        to.lcores = one.lcores.value_or(0);
        if (to.lcores > lcores.size()) {
            log_.warning(fmt::format("carrier {}: there are not the {} modem lcores that it is to "
                                     "be spread over",
                                     one.name, to.lcores));
        }
        if (lcores.size() > 1) { // else there is no choice
            const std::int64_t rate_hz = one.sample_rate_hz.value_or(0);
            const auto [cost, is_new] =
                known.try_emplace({config::toml_text(one.mission), rate_hz});
            if (is_new) {
                cost->second = measure_cost(one.mission, static_cast<double>(rate_hz));
            }
            to.cost = cost->second;
        }
    }
    const auto placed = place(list, lcores.size());
    std::vector<double> load(lcores.size(), 0.0);
    for (std::size_t i = 0; i < placed.size() && lcores.size() > 1; ++i) {
        const carrier_place& at = placed[i];
        const carrier_cost& cost = list[i].cost;
        load[at.demodulation] += cost.demodulation;
        load[at.decoding] += cost.decoding;
        log_.info(
            fmt::format("carrier {}: demodulation takes {:.0f} % of CPU {}, decoding {:.0f} % of "
                        "CPU {}",
                        settings_.carriers[i].name, 100 * cost.demodulation,
                        lcores[at.demodulation].cpu, 100 * cost.decoding, lcores[at.decoding].cpu));
    }
    for (std::size_t i = 0; i < lcores.size(); ++i) {
        if (load[i] > 1.0) {
            log_.warning(
                fmt::format("CPU {}: its carriers need {:.1f} times what it has to keep up "
                            "with real time",
                            lcores[i].cpu, load[i]));
        }
    }
    return placed;
}

base::result<void> gateway::make_modems(std::span<const dataplane::lcore> lcores) {
    const auto placed = place_carriers(lcores);
    for (std::size_t i = 0; i < lcores.size(); ++i) {
        std::vector<modem_carrier> own;
        std::vector<frame_stage*> seconds;
        for (std::size_t c = 0; c < carriers_.size(); ++c) {
            if (placed[c].demodulation == i) {
                own.push_back({.carrier = carriers_[c].get(), .in = &inputs_[c]->ring()});
            }
            if (placed[c].spread() && placed[c].decoding == i) {
                carriers_[c]->frames().put_behind_ring();
                seconds.push_back(&carriers_[c]->frames());
            }
        }
        dataplane::packet_ring* out = nullptr;
        if (tunnel_) {
            auto ring =
                dataplane::packet_ring::create(fmt::format("out{}", i), output_ring_packets);
            if (!ring) {
                return std::unexpected(ring.error());
            }
            outputs_.push_back(std::move(*ring));
            out = outputs_.back().get();
        }
        modems_.push_back(std::make_unique<modem_stage>(std::move(own), std::move(seconds),
                                                        tunnel_pool_.get(), out));
        add_loop(lcores[i], modems_.back()->as_step());
    }
    return {};
}

void gateway::add_loop(const dataplane::lcore& on, const dataplane::lcore_step& step) {
    loops_.push_back(std::make_unique<dataplane::lcore_loop>(
        on, step,
        settings_.lcores.idle == config::idle_mode::spin ? dataplane::idle_mode::spin
                                                         : dataplane::idle_mode::backoff));
}

void gateway::make_stacks() {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        const config::port_settings& wanted = settings_.ports[i];
        dataplane::stack_config config{
            .vlan = wanted.vlan, .address = wanted.address, .gateway = wanted.gateway, .flows = {}};
        for (std::size_t c = 0; c < carriers_.size(); ++c) {
            const config::carrier_settings& carrier = settings_.carriers[c];
            if (carrier.port == wanted.name) {
                config.flows.push_back({.port = carrier.udp_port, .word = carrier.stream_id});
            }
        }
        const bool tunnel_here = settings_.tunnel && settings_.tunnel->port == wanted.name;
        if (tunnel_here) {
            config.flows.push_back(
                {.port = settings_.tunnel->listen_port, .word = {}, .first_queue_only = true});
        }
        ports_[i].stack =
            std::make_unique<dataplane::stack>(config, *ports_[i].device, *ports_[i].pool);
        if (tunnel_here) {
            tunnel_stage_config stage{.peers = config::peers_max,
                                      .staged_packets = staged_packets,
                                      .staged_total = staged_total,
                                      .addresses = settings_.tunnel->address,
                                      .inputs = {}};
            for (const auto& ring : outputs_) {
                stage.inputs.push_back(ring.get());
            }
            if (host_) {
                stage.inputs.push_back(&host_->out());
                stage.host = &host_->in();
            }
            tunnel_stage_ = std::make_unique<tunnel_stage>(std::move(stage), *tunnel_,
                                                           *ports_[i].stack, *message_pool_);
        }
    }
}

/// In the order of the port's flows.
std::vector<dataplane::flow_sink> gateway::sinks_of(std::size_t port, std::size_t queue) {
    std::vector<dataplane::flow_sink> sinks;
    for (std::size_t i = 0; i < carriers_.size(); ++i) {
        if (settings_.carriers[i].port == settings_.ports[port].name) {
            sinks.push_back(inputs_[i]->sink(queue));
        }
    }
    if (settings_.tunnel && settings_.tunnel->port == settings_.ports[port].name) {
        sinks.push_back(tunnel_stage_->sink());
    }
    return sinks;
}

void gateway::make_io(std::span<const dataplane::lcore> lcores) {
    const std::size_t modems = loops_.size();
    const std::size_t own_lcores = std::min(lcores.size(), ports_.size());
    for (std::size_t i = 0; i < own_lcores; ++i) {
        std::vector<dataplane::io_port> own;
        dataplane::lcore_step also;
        for (std::size_t p = i; p < ports_.size(); p += own_lcores) {
            own.push_back({.device = ports_[p].device.get(),
                           .protocols = ports_[p].stack.get(),
                           .sinks = sinks_of(p, 0),
                           .others = ports_[p].others.get()});
            if (settings_.tunnel && settings_.tunnel->port == settings_.ports[p].name) {
                also = tunnel_stage_->as_step();
            }
        }
        io_.push_back(std::make_unique<dataplane::io_loop>(std::move(own), also));
        add_loop(lcores[i], io_.back()->as_step());
    }
    make_queues(lcores.subspan(own_lcores));
    std::rotate(loops_.begin(), loops_.begin() + static_cast<std::ptrdiff_t>(modems), loops_.end());
}

/// The ports' further queues, an lcore for each.
void gateway::make_queues(std::span<const dataplane::lcore> lcores) {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        for (std::uint16_t queue = 1; queue < ports_[i].device->queues(); ++queue) {
            queues_.push_back(std::make_unique<dataplane::queue_loop>(
                dataplane::queue_config{.device = ports_[i].device.get(),
                                        .number = queue,
                                        .protocols = ports_[i].stack.get(),
                                        .sinks = sinks_of(i, queue),
                                        .others = ports_[i].others.get()}));
            log_.info(fmt::format("port {}: CPU {} reads receive queue {}", settings_.ports[i].name,
                                  lcores.front().cpu, queue));
            add_loop(lcores.front(), queues_.back()->as_step());
            lcores = lcores.subspan(1);
        }
    }
    for (const dataplane::lcore& idle : lcores) {
        log_.warning(
            fmt::format("CPU {}: one of io, but there is no receive queue for it", idle.cpu));
    }
}

base::result<void> gateway::launch() {
    for (const auto& loop : loops_) {
        if (auto running = loop->launch(); !running) {
            return running;
        }
    }
    seen_lcores_.resize(loops_.size());
    wait_for_links();
    start_unix_s_ = 1e-9 * static_cast<double>(instant_now().unix_ns);
    return {};
}

/// Interfaces take a moment to come up; what is sent meanwhile would be lost.
void gateway::wait_for_links() {
    const auto up = [](const port_parts& one) {
        return one.device->poll_link() == dataplane::link_state::up;
    };
    const auto give_up = std::chrono::steady_clock::now() + links_patience;
    while (!std::all_of(ports_.begin(), ports_.end(), up) &&
           std::chrono::steady_clock::now() < give_up) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        ports_[i].last_link = ports_[i].device->link();
        if (ports_[i].last_link != dataplane::link_state::up) {
            log_.warning(fmt::format("port {}: link down", settings_.ports[i].name));
        }
    }
}

void gateway::stop() noexcept {
    if (host_) {
        host_->stop();
    }
    for (const auto& loop : loops_) {
        loop->request_stop();
    }
    for (const auto& loop : loops_) {
        loop->join();
    }
    count_left_behind();
}

/// What is still in the rings is lost; this says so.
void gateway::count_left_behind() {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < carriers_.size(); ++i) {
        std::uint64_t left = inputs_[i]->ring().used();
        for (const auto& modem : modems_) {
            left += modem->left_of(*carriers_[i]);
        }
        inputs_[i]->set_left_behind(left);
        carriers_[i]->frames().count_left();
    }
    left_behind_ = tunnel_stage_ ? tunnel_stage_->staged() : 0;
    for (const auto& ring : outputs_) {
        left_behind_ += ring->used();
    }
}

std::size_t gateway::port_index(std::string_view name) const {
    const auto found = std::find_if(settings_.ports.begin(), settings_.ports.end(),
                                    [&](const auto& one) { return one.name == name; });
    return static_cast<std::size_t>(found - settings_.ports.begin());
}

bool gateway::drain(double patience_s, const std::function<void()>& meanwhile) {
    if (host_) {
        host_->stop(); // what it still began would not be answered
    }
    for (const auto& input : inputs_) {
        input->close();
    }
    for (const auto& modem : modems_) {
        modem->request_drain();
    }
    const auto deadline = dataplane::time_now() + static_cast<std::int64_t>(1e9 * patience_s);
    const auto empty = [&] {
        return std::all_of(modems_.begin(), modems_.end(),
                           [](const auto& one) { return one->drained(); }) &&
               std::all_of(outputs_.begin(), outputs_.end(),
                           [](const auto& one) { return one->used() == 0; }) &&
               (!tunnel_stage_ || tunnel_stage_->staged() == 0);
    };
    while (!empty() && dataplane::time_now() < deadline) {
        turn();
        if (meanwhile) {
            meanwhile();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const bool done = empty();
    std::this_thread::sleep_for(
        std::chrono::milliseconds(20)); // what was taken last leaves the port
    stop();
    return done;
}

} // namespace landfall::app
