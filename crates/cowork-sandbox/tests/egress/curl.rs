//! A client that everybody has: curl, told of the proxy as a confined command is, by its environment.

use cowork_core::HostGrant;
use cowork_sandbox::egress::{Credential, Parts};
use tokio::process::Command;

use crate::world::{Server, World, header, own};

async fn curl(world: &World, args: &[&str]) -> (bool, String) {
    let proxy = world.token.proxy_address(world.port);
    let mut curl = Command::new("curl");
    curl.env_clear().env("http_proxy", &proxy).env("https_proxy", &proxy).args(["-sS", "--max-time", "20"]).args(args);
    let output = curl.output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn curl_gets_a_plain_page() {
    let server = Server::plain("here").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    assert_eq!(curl(&world, &[&format!("http://allowed.test:{}/a", server.port)]).await, (true, "here".to_owned()));
    let (ok, said) = curl(&world, &["-f", &format!("http://other.test:{}/a", server.port)]).await;
    assert!(!ok && said.contains("403"), "{said}");
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn curl_gets_a_page_through_a_tunnel() {
    let server = Server::tls("allowed.test").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(root.path(), &server.root).unwrap();
    let trusted = root.path().to_str().unwrap();
    let page = format!("https://allowed.test:{}/a", server.port);
    assert_eq!(curl(&world, &["--cacert", trusted, &page]).await, (true, "allowed.test".to_owned()));
    let (ok, said) = curl(&world, &["--cacert", trusted, &format!("https://other.test:{}/a", server.port)]).await;
    assert!(!ok && said.contains("403"), "{said}");
}

#[tokio::test]
async fn curl_gets_a_page_by_the_hosts_credential_from_a_tunnel_that_is_looked_into() {
    let server = Server::tls("allowed.test").await;
    let key = Credential::bearer("held-by-the-host").unwrap();
    let parts = Parts {
        credentials: [("key".to_owned(), key)].into(),
        roots: vec![server.root.clone().into()],
        ..Parts::default()
    };
    let rule = HostGrant { credential: Some("key".to_owned()), ..own("allowed.test", server.port) };
    let world = World::with(vec![rule], parts);
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(root.path(), world.proxy.as_ref().unwrap().authority()).unwrap();
    let page = format!("https://allowed.test:{}/a", server.port);
    let args = ["--cacert", root.path().to_str().unwrap(), "-H", "Authorization: mine", "-d", "x=1", &page];
    assert_eq!(curl(&world, &args).await, (true, "allowed.test".to_owned()));
    let heard = &server.heard()[0];
    assert_eq!((header(&heard.head, "authorization"), heard.body.as_str()), (Some("Bearer held-by-the-host"), "x=1"));
    // So much that curl asks first whether it may send it.
    let large = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(large.path(), vec![b'x'; 3 << 20]).unwrap();
    let content = format!("@{}", large.path().display());
    let args = ["--cacert", root.path().to_str().unwrap(), "--data-binary", &content, &page];
    assert_eq!(curl(&world, &args).await, (true, "allowed.test".to_owned()));
    assert_eq!(server.heard()[1].body.len(), 3 << 20);
    let (ok, said) = curl(&world, &[&page]).await;
    assert!(!ok && said.contains("certificate"), "without the session's root it is not trusted: {said}");
}
